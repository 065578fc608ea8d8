package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Review;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.batch.PublishedBatches;
import dev.weir.curation.deadletter.Letter;
import dev.weir.service.kafka.SkippedRecords;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.testing.TestBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service against a broker, under exactly-once. */
class CurationServiceIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final int PARTITIONS = 2;

  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final Metrics metrics = new Metrics();
  private final KafkaProducer<byte[], byte[]> producer =
      new KafkaProducer<>(
          Map.of(
              "bootstrap.servers",
              TestBroker.bootstrapServers(),
              "max.request.size",
              Topics.MAX_MESSAGE_BYTES),
          new ByteArraySerializer(),
          new ByteArraySerializer());

  @TempDir Path stateDir;

  @BeforeEach
  void provision() {
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, TIMEOUT).ensure(topics.all(PARTITIONS, (short) 1));
    }
  }

  @AfterEach
  void close() {
    producer.close();
    metrics.close();
  }

  @Test
  void losesAndDoublesNothingAcrossARestart() throws Exception {
    Health health = new Health();
    try (CurationService service = service(health)) {
      assertThat(health.ready()).isFalse();
      service.start();
      give(0, 11);
      read(topics.examples(), 11);
      assertThat(health.ready()).isTrue();
      // On its way when the service stops.
      give(11, 20);
    }
    give(20, 31);
    send(topics.feedback(), "late", "{\"reviewId\":\"late\",\"label\":\"positive\"}");
    try (CurationService service = service(new Health())) {
      service.start();
      read(topics.examples(), 31);
      send(topics.reviews(), "late", EventJson.write(Review.of("late", "came after a restart")));
      read(topics.trainingBatches(), 8);
    }

    List<Example> examples = examples(32);
    assertThat(examples).extracting(Example::text).hasSize(32).doesNotHaveDuplicates();
    Map<String, Long> sizes = examples.stream().collect(groupingBy(Example::batchId, counting()));
    List<TrainingBatch> batches =
        read(topics.trainingBatches(), 8).stream()
            .map(record -> EventJson.read(record.value(), TrainingBatch.class))
            .toList();
    assertThat(batches)
        .extracting(TrainingBatch::sequence)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    assertThat(batches)
        .allSatisfy(batch -> assertThat(sizes.get(batch.id())).isEqualTo(batch.size()));
    send(topics.trainingBatches(), "default", "null");
    send(
        topics.trainingBatches(),
        "default",
        new String(EventJson.write(batches.get(0)), UTF_8)
            .replace("\"sequence\":1,", "\"sequence\":9223372036854775807,"));
    PublishedBatches published =
        new PublishedBatches(
            Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
            topics.trainingBatches(),
            new SkippedRecords(metrics.registry()));
    assertThat(published.highest("default")).isEqualTo(8);
    assertThat(published.highest("other")).isZero();
  }

  @Test
  void carriesRecordsOfTheLargestSize() throws Exception {
    String padding = "x".repeat(Letter.MAX_BYTES - 100_000);
    byte[] accepted =
        "{\"reviewId\":\"big\",\"label\":\"positive\",\"extra\":\"%s\"}"
            .formatted(padding)
            .getBytes(UTF_8);
    byte[] tooLong =
        "{\"text\":\"%s\",\"label\":\"positive\"}".formatted("y".repeat(600_000)).getBytes(UTF_8);
    byte[] bomb = new byte[4_000_000];
    try (CurationService service = service(new Health())) {
      service.start();
      send(topics.feedback(), "big", accepted);
      send(topics.feedback(), "long", tooLong);
      Map<String, byte[]> letters = letters(1);
      assertThat(letters.get("text-too-long")).isEqualTo(tooLong);
      send(topics.feedback(), "bomb", bomb);
      assertThat(letters(2).get("record-too-large")).hasSize(Letter.EXCERPT_BYTES);
      send(topics.reviews(), "big", EventJson.write(Review.of("big", "z".repeat(100_000))));
      read(topics.examples(), 1);
    }

    assertThat(examples(1)).extracting(example -> example.text().length()).containsExactly(100_000);
  }

  @Test
  void refusesAnotherNumberOfPartitionsThanItsStateHas() throws Exception {
    try (CurationService service = service(new Health())) {
      service.start();
      give(0, 1);
      read(topics.examples(), 1);
    }
    try (CurationService service = service(new Health(), "CURATION_PARTITIONS", "3")) {
      assertThatThrownBy(service::start)
          .isInstanceOf(CurationException.class)
          .hasMessageContaining("start with WEIR_CURATION_PARTITIONS=2");
    }
    try (CurationService service = service(new Health())) {
      service.start();
      give(1, 2);
      read(topics.examples(), 2);
    }
  }

  /** A few kilobytes on the wire: Kafka's client would unpack such a record as a whole. */
  @Test
  void theBrokerRefusesARecordThatUnpacksToMoreThanTheTopicsLimit() throws Exception {
    Map<String, Object> packing =
        Map.of(
            "bootstrap.servers",
            TestBroker.bootstrapServers(),
            "compression.type",
            "zstd",
            "max.request.size",
            1 << 30);
    try (KafkaProducer<byte[], byte[]> packed =
        new KafkaProducer<>(packing, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (String topic : List.of(topics.reviews(), topics.feedback())) {
        packed.send(new ProducerRecord<>(topic, new byte[1_000_000])).get();
        assertThatThrownBy(
                () ->
                    packed
                        .send(new ProducerRecord<>(topic, new byte[2 * Topics.MAX_MESSAGE_BYTES]))
                        .get())
            .hasCauseInstanceOf(RecordTooLargeException.class);
      }
    }
  }

  @Test
  void aTopicThatIsDeletedAndMadeAnewIsReadFromItsBeginning() throws Exception {
    Health health = new Health();
    try (CurationService service = service(health);
        Admin admin = TestBroker.admin()) {
      service.start();
      give(0, 20);
      read(topics.examples(), 20);
      admin.deleteTopics(List.of(topics.feedback())).all().get();
      Awaitility.await()
          .atMost(TIMEOUT)
          .until(
              () -> health.report(false).toString().contains(topics.feedback() + "] are missing"));
      assertThat(health.live()).isTrue();
      provision();
      // Fewer than were read of the former one.
      give(20, 26);
      read(topics.examples(), 26);
      Awaitility.await().atMost(TIMEOUT).until(health::ready);
    }

    assertThat(examples(26))
        .extracting(Example::text)
        .contains("text 20", "text 25")
        .doesNotHaveDuplicates();
  }

  /** Its offsets go beyond those that were read before anybody has missed it. */
  @Test
  void aTopicThatIsMadeAnewAndFilledAtOnceIsReadFromItsBeginningToo() throws Exception {
    Health health = new Health();
    try (CurationService service = service(health);
        Admin admin = TestBroker.admin()) {
      service.start();
      give(0, 10);
      read(topics.examples(), 10);
      Awaitility.await().atMost(TIMEOUT).until(health::ready);
      admin.deleteTopics(List.of(topics.feedback())).all().get();
      provision();
      give(10, 50);
      assertThat(examples(50)).extracting(Example::text).contains("text 10", "text 49");
    }
  }

  @Test
  void refusesAStateDirectoryThatIsInUse() {
    Health health = new Health();
    try (CurationService first = service(health);
        CurationService second = service(new Health())) {
      first.start();

      assertThatThrownBy(second::start)
          .isInstanceOf(CurationException.class)
          .hasMessageContaining(stateDir.toString())
          .hasMessageContaining("stop the other process");
      Awaitility.await().atMost(TIMEOUT).until(health::ready);
    }
  }

  private CurationService service(Health health, String... changed) {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "BOOTSTRAP_SERVERS",
                TestBroker.bootstrapServers(),
                "TOPIC_PREFIX",
                topics.prefix(),
                "CURATION_PARTITIONS",
                Integer.toString(PARTITIONS),
                "CURATION_BATCH_SIZE",
                "4",
                "CURATION_BATCH_MIN",
                "1",
                "CURATION_BATCH_AGE",
                "2s"));
    settings.addAll(List.of(changed));
    CurationConfig config = TestingCuration.config(stateDir, settings.toArray(String[]::new));
    return new CurationService(config, metrics, health);
  }

  /** The values of dead letters by their reason. */
  private Map<String, byte[]> letters(int atLeast) {
    Map<String, byte[]> letters = new HashMap<>();
    read(topics.deadLetters(topics.feedback()), atLeast)
        .forEach(
            letter ->
                letters.put(
                    DeadLetter.header(letter.headers(), DeadLetter.REASON), letter.value()));
    return letters;
  }

  private void give(int from, int to) throws InterruptedException, ExecutionException {
    for (int i = from; i < to; i++) {
      String json =
          "{\"text\":\"text %d\",\"label\":\"%s\"}".formatted(i, i % 2 == 0 ? "pos" : "neg");
      send(topics.feedback(), "f" + i, json);
    }
  }

  private void send(String topic, String key, String value)
      throws InterruptedException, ExecutionException {
    send(topic, key, value.getBytes(UTF_8));
  }

  private void send(String topic, String key, byte[] value)
      throws InterruptedException, ExecutionException {
    producer.send(new ProducerRecord<>(topic, key.getBytes(UTF_8), value)).get();
  }

  private List<Example> examples(int count) {
    return read(topics.examples(), count).stream()
        .map(record -> EventJson.read(record.value(), Example.class))
        .toList();
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(String topic, int atLeast) {
    return TestBroker.readAll(topic, atLeast, TIMEOUT);
  }
}
