package dev.weir.inference.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.inference.stream.ReviewLoop.Standstill;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The loop over a consumer that returns what a test says, when it says so. */
@Timeout(60)
class ReviewLoopTest {

  private static final TopicPartition ZERO = new TopicPartition("reviews", 0);
  private static final TopicPartition ONE = new TopicPartition("reviews", 1);
  private static final int TRANSACTION = 16;
  private static final int POLL = 8;

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final MeterRegistry meters = new SimpleMeterRegistry();
  private final ScriptedConsumer consumer = new ScriptedConsumer();
  private final Written written = new Written();
  private AdapterRegistry registry;
  private Classifier classifier;
  private ReviewLoop loop;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(opener, 4);
    TestingAdapters.serve(registry, "default", 1);
    classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            new TestingTokenizer(),
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(1, 256, 100),
            meters);
    classifier.start();
    StreamConfig config =
        new StreamConfig(
            Map.of(), Topics.DEFAULT, "one", Delivery.EXACTLY_ONCE, 1, TRANSACTION, 0, "digest");
    loop =
        new ReviewLoop(
            consumer,
            written,
            classifier,
            new BatchOutputs(config, new StreamMeters(meters), Tracing.off(), Clock.systemUTC()),
            Duration.ofMinutes(1),
            TRANSACTION,
            POLL,
            new Quiet());
  }

  @AfterEach
  void close() {
    consumer.close();
    classifier.close();
    registry.close();
    meters.close();
  }

  /** Else both the new owner and this one would answer them: the commit would be accepted. */
  @Test
  void whatASteppedOverRebalanceTookAwayIsLeftToItsNewOwner() throws Exception {
    consumer.polls.add(() -> records(0, 2, ZERO, ONE));
    consumer.polls.add(
        () -> {
          loop.onPartitionsRevoked(List.of(ZERO));
          consumer.assigned.remove(ZERO);
          return records(2, 4, ONE);
        });
    stepUntilWritten(4);
    assertThat(written.offsets).containsOnlyKeys(ONE);
    assertThat(written.offsets.get(ONE).offset()).isEqualTo(4);
    assertThat(written.keys)
        .containsExactly("reviews-1@0", "reviews-1@1", "reviews-1@2", "reviews-1@3");
  }

  @Test
  void aStepReadsNoMoreThanATransactionHolds() throws Exception {
    consumer.polls.add(() -> records(0, 5, ZERO));
    consumer.polls.add(() -> records(5, 13, ZERO));
    consumer.polls.add(() -> records(13, 21, ZERO));
    loop.step();
    assertThat(consumer.polls).hasSize(1);
    stepUntilWritten(21);
    assertThat(written.most).isLessThanOrEqualTo(TRANSACTION);
  }

  private void stepUntilWritten(int records) throws InterruptedException {
    while (written.keys.size() < records) {
      loop.step();
    }
    loop.step();
  }

  private static ConsumerRecords<byte[], byte[]> records(
      int from, int to, TopicPartition... partitions) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    for (TopicPartition partition : partitions) {
      records.put(
          partition,
          IntStream.range(from, to)
              .mapToObj(
                  offset -> {
                    String id = partition + "@" + offset;
                    return new ConsumerRecord<>(
                        partition.topic(),
                        partition.partition(),
                        offset,
                        id.getBytes(UTF_8),
                        EventJson.write(Review.of(id, "1 fine")));
                  })
              .toList());
      next.put(partition, new OffsetAndMetadata(to));
    }
    return new ConsumerRecords<>(records, next);
  }

  /** A consumer without a broker. */
  private static final class ScriptedConsumer extends KafkaConsumer<byte[], byte[]> {

    private final Deque<Supplier<ConsumerRecords<byte[], byte[]>>> polls = new ArrayDeque<>();
    private final Set<TopicPartition> assigned = new HashSet<>(Set.of(ZERO, ONE));

    ScriptedConsumer() {
      super(
          Map.of("bootstrap.servers", "localhost:1"),
          new ByteArrayDeserializer(),
          new ByteArrayDeserializer());
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      Supplier<ConsumerRecords<byte[], byte[]>> next = polls.poll();
      return next == null ? ConsumerRecords.empty() : next.get();
    }

    @Override
    public Set<TopicPartition> assignment() {
      return Set.copyOf(assigned);
    }

    @Override
    public Set<TopicPartition> paused() {
      return Set.of();
    }

    @Override
    public void pause(Collection<TopicPartition> partitions) {}

    @Override
    public void resume(Collection<TopicPartition> partitions) {}
  }

  /** Takes note of what is written. */
  private static final class Written implements AnswerWriter {

    private final List<String> keys = new ArrayList<>();
    private final Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    private int most;

    @Override
    public void open() {}

    @Override
    public void write(
        List<ProducerRecord<byte[], byte[]>> records,
        Map<TopicPartition, OffsetAndMetadata> next,
        KafkaConsumer<byte[], byte[]> consumer) {
      most = Math.max(most, records.size());
      records.forEach(record -> keys.add(new String(record.key(), UTF_8)));
      offsets.putAll(next);
    }

    @Override
    public void close() {}
  }

  private static final class Quiet implements ReviewLoop.Listener {

    @Override
    public void progressed() {}

    @Override
    public void failed(String what, RuntimeException cause) {
      throw new AssertionError(what, cause);
    }

    @Override
    public void standing(@Nullable Standstill longest) {}
  }
}
