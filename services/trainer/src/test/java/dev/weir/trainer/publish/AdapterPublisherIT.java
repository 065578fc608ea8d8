package dev.weir.trainer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.TopicTail;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.Span;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterPublisherIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Map<String, Object> KAFKA =
      Map.of("bootstrap.servers", TestBroker.bootstrapServers());

  @TempDir Path store;

  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final TopicPartition batches = new TopicPartition(topics.trainingBatches(), 0);

  @BeforeEach
  void createTopics() {
    TestBroker.createTopics(1, topics.adapters(), topics.trainingBatches());
  }

  @Test
  void aTrainerThatIsNoLongerInTheGroupAnnouncesNothing() {
    ConsumerGroupMetadata stale = joinAndLeave();
    ConsumerGroupMetadata replaced = joinAndLeave();
    assertThat(replaced.generationId()).isGreaterThan(stale.generationId());
    try (KafkaConsumer<byte[], byte[]> owner = join();
        AdapterPublisher publisher = publisher();
        ReleaseLog log = new ReleaseLog(KAFKA, topics, TIMEOUT, new SimpleMeterRegistry())) {

      assertThatThrownBy(
              () -> publisher.publish(retained("b1", 1), batches, at(0), stale, Span.getInvalid()))
          .isInstanceOf(KafkaException.class);
      log.refresh();
      assertThat(log.decided("b1", Method.LORA)).isFalse();
      assertThat(log.highest("default")).isZero();

      try (AdapterPublisher next = publisher()) {
        next.publish(retained("b1", 1), batches, at(0), owner.groupMetadata(), Span.getInvalid());
        assertThat(owner.committed(Set.of(batches)).get(batches).offset()).isZero();
        next.pass(batches, at(1), owner.groupMetadata());
        assertThat(owner.committed(Set.of(batches)).get(batches).offset()).isEqualTo(1);
      }
      log.refresh();
      assertThat(log.decided("b1", Method.LORA)).isTrue();
      assertThat(log.decided("b1", Method.HEAD_REFRESH)).isFalse();
      assertThat(log.highest("default")).isEqualTo(1);
      assertThat(log.champion("default")).isEmpty();
    }
  }

  @Test
  void aTailWaitsForATransactionThatIsStillOpen() {
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of(
                    "bootstrap.servers",
                    TestBroker.bootstrapServers(),
                    "transactional.id",
                    topics.prefix() + "slow"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        TopicTail tail =
            new TopicTail(KAFKA, topics.adapters(), TIMEOUT, "test", new SimpleMeterRegistry())) {
      producer.initTransactions();
      producer.beginTransaction();
      byte[] bytes = "x".getBytes(StandardCharsets.UTF_8);
      var unused = producer.send(new ProducerRecord<>(topics.adapters(), bytes, bytes));
      producer.flush();
      Thread committer = new Thread(producer::commitTransaction);
      List<Long> seen = new ArrayList<>();

      tail.catchUp(
          record -> seen.add(record.offset()),
          () -> {
            if (committer.getState() == Thread.State.NEW) {
              committer.start();
            }
            return false;
          });

      assertThat(seen).containsExactly(0L);
    }
  }

  @Test
  void whatItsReaderThrewAtIsHandedOverAgain() {
    try (TopicTail tail =
        new TopicTail(KAFKA, topics.adapters(), TIMEOUT, "test", new SimpleMeterRegistry())) {
      produce(List.of("a", "b", "c", "d"));
      List<String> seen = new ArrayList<>();
      AtomicBoolean fails = new AtomicBoolean(true);
      Consumer<ConsumerRecord<byte[], byte[]>> reader =
          record -> {
            String value = new String(record.value(), StandardCharsets.UTF_8);
            if (value.equals("c") && fails.getAndSet(false)) {
              throw new IllegalStateException("a defect of the reader");
            }
            seen.add(value);
          };

      assertThatThrownBy(() -> tail.catchUp(reader)).isInstanceOf(IllegalStateException.class);
      tail.catchUp(reader);

      assertThat(seen).containsExactly("a", "b", "c", "d");
    }
  }

  @Test
  void aTopicThatWasMadeAnewIsReadFromItsBeginning() throws Exception {
    try (TopicTail tail =
        new TopicTail(KAFKA, topics.adapters(), TIMEOUT, "test", new SimpleMeterRegistry())) {
      List<String> seen = new ArrayList<>();
      tail.whenReplaced(seen::clear);
      Consumer<ConsumerRecord<byte[], byte[]>> reader =
          record -> seen.add(new String(record.value(), StandardCharsets.UTF_8));
      produce(List.of("a", "b"));
      tail.catchUp(reader);
      assertThat(seen).containsExactly("a", "b");

      try (var admin = TestBroker.admin()) {
        admin.deleteTopics(List.of(topics.adapters())).all().get();
        Awaitility.await()
            .atMost(TIMEOUT)
            .until(() -> !admin.listTopics().names().get().contains(topics.adapters()));
      }
      assertThatThrownBy(() -> tail.catchUp(reader))
          .isInstanceOf(KafkaException.class)
          .hasMessageContaining("there is no topic " + topics.adapters());
      TestBroker.createTopics(1, topics.adapters());
      // More than were read of the other one: offsets alone do not tell.
      produce(List.of("1", "2", "3"));
      tail.catchUp(reader);

      assertThat(seen).containsExactly("1", "2", "3");
    }
  }

  private void produce(List<String> values) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(KAFKA, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (String value : values) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        var unused = producer.send(new ProducerRecord<>(topics.adapters(), bytes, bytes));
      }
    }
  }

  @Test
  void theBestOnAFrozenSetIsAPromotedVersionsOnAsManyRows() {
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(KAFKA, new ByteArraySerializer(), new ByteArraySerializer());
        ReleaseLog log = new ReleaseLog(KAFKA, topics, TIMEOUT, new SimpleMeterRegistry())) {
      List<Release> releases =
          List.of(
              judged(1, Release.State.PROMOTED, 60, 0.99),
              judged(2, Release.State.PROMOTED, 200, 0.95),
              judged(3, Release.State.PROMOTED, 200, 0.94),
              judged(4, Release.State.RETAINED, 200, 0.97));
      for (Release release : releases) {
        byte[] key = release.id().toString().getBytes(StandardCharsets.UTF_8);
        var unused =
            producer.send(new ProducerRecord<>(topics.adapters(), key, EventJson.write(release)));
      }
      producer.flush();
      log.refresh();
      assertThat(log.bestOnFrozen("default", "digest", 200)).isEqualTo(0.95);
      assertThat(log.bestOnFrozen("default", "digest", 60)).isEqualTo(0.99);
      assertThat(log.bestOnFrozen("default", "another base", 200)).isZero();
      assertThat(log.bestOnFrozen("default", "digest", 199)).isZero();
    }
  }

  /**
   * As inference, which serves no withdrawn champion: the next challenger has no champion to beat.
   */
  @Test
  void aChampionThatIsWithdrawnIsNoChampionForARunningTrainer() {
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(KAFKA, new ByteArraySerializer(), new ByteArraySerializer());
        ReleaseLog log = new ReleaseLog(KAFKA, topics, TIMEOUT, new SimpleMeterRegistry())) {
      Champion champion = new Champion("default", 3, "digest", Instant.EPOCH);
      send(producer, "default", EventJson.write(champion));
      log.refresh();
      assertThat(log.champion("default")).contains(champion);

      send(producer, "default", null);
      send(producer, "default@x", null);
      log.refresh();

      assertThat(log.champion("default")).isEmpty();
    }
  }

  private void send(KafkaProducer<byte[], byte[]> producer, String key, byte @Nullable [] value) {
    var unused =
        producer.send(
            new ProducerRecord<>(topics.adapters(), key.getBytes(StandardCharsets.UTF_8), value));
    producer.flush();
  }

  private static OffsetAndMetadata at(long offset) {
    return new OffsetAndMetadata(offset);
  }

  private AdapterPublisher publisher() {
    return new AdapterPublisher(
        KAFKA, topics, new FileArtifactStore(store), new SimpleMeterRegistry());
  }

  private ConsumerGroupMetadata joinAndLeave() {
    try (KafkaConsumer<byte[], byte[]> consumer = join()) {
      return consumer.groupMetadata();
    }
  }

  private KafkaConsumer<byte[], byte[]> join() {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                TestBroker.bootstrapServers(),
                "group.id",
                topics.prefix() + "weir-trainer"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    consumer.subscribe(List.of(topics.trainingBatches()));
    Awaitility.await()
        .atMost(TIMEOUT)
        .until(
            () -> {
              consumer.poll(Duration.ofMillis(50));
              return consumer.assignment().contains(batches);
            });
    return consumer;
  }

  private static Release judged(int version, Release.State state, int rows, double accuracy) {
    Decision decision =
        new Decision(
            "fewer-errors",
            "",
            0,
            0,
            0,
            0,
            null,
            null,
            null,
            0,
            0,
            1,
            new Decision.Frozen(rows, accuracy, null, null, true),
            List.of(),
            List.of(),
            null);
    return release("b" + version, version, state, decision);
  }

  private static Announcement retained(String batchId, int version) {
    Decision decision = new Decision("not-better", "", 0, 0, 0, 0, null, null, null, 0, 0, 1);
    return new Announcement(release(batchId, version, Release.State.RETAINED, decision), null);
  }

  private static Release release(
      String batchId, int version, Release.State state, Decision decision) {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    return new Release(
        "default",
        version,
        state,
        Method.LORA,
        state == Release.State.PROMOTED ? "0".repeat(64) : null,
        "base",
        "digest",
        List.of("a", "b"),
        batchId,
        decision,
        16,
        1,
        now,
        now,
        now,
        List.of());
  }
}
