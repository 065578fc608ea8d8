package dev.weir.curation;

import dev.weir.curation.StallDetector.Position;
import dev.weir.curation.meter.CurationMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the broker every few seconds how far the application has read, and says what stands still.
 *
 * <p>Its own thread {@code curation-progress} asks; anybody reads. What it says is about all
 * members of the group. Start and close are idempotent; close does not wait for an answer.
 */
final class ProgressWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ProgressWatch.class);
  private static final Duration EVERY = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(10);

  /** Longer than a rebalance and a restore of what one member has. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Map<String, Object> kafka;
  private final String group;
  private final List<String> topics;
  private final InstantSource clock;
  private final StallDetector detector = new StallDetector(PATIENCE);
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread made = new Thread(task, "curation-progress");
            made.setDaemon(true);
            return made;
          });
  private volatile Map<String, Duration> stalled = Map.of();
  private volatile Instant answered;

  ProgressWatch(
      Map<String, Object> kafka,
      String group,
      List<String> topics,
      InstantSource clock,
      MeterRegistry registry) {
    this.kafka = Map.copyOf(kafka);
    this.group = group;
    this.topics = List.copyOf(topics);
    this.clock = clock;
    this.answered = clock.instant();
    CurationMeters.STALLED.gauge(registry, () -> stalled.size());
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(
            this::look, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Positions that nobody gets past, as {@code topic-partition@offset}, and for how long. */
  Map<String, Duration> stalled() {
    return stalled;
  }

  /** How long the broker has not answered. */
  Duration silence() {
    return Duration.between(answered, clock.instant());
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void look() {
    try (Admin admin = Admin.create(kafka)) {
      Map<String, Duration> now = detector.look(positions(admin), clock.instant());
      now.keySet().stream()
          .filter(position -> !stalled.containsKey(position))
          .forEach(
              position ->
                  LOG.error(
                      "curation does not get past {}: the offset stands still while the lag grows",
                      position));
      stalled = now;
      answered = clock.instant();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      LOG.debug("the broker does not say how far {} is", group, e);
    } catch (RuntimeException e) {
      LOG.error("the watch over progress failed; it tries again", e);
    }
  }

  private Map<TopicPartition, Position> positions(Admin admin)
      throws InterruptedException, ExecutionException, TimeoutException {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    for (KafkaFuture<TopicDescription> future :
        admin.describeTopics(topics).topicNameValues().values()) {
      try {
        TopicDescription topic = get(future);
        topic
            .partitions()
            .forEach(
                p ->
                    wanted.put(
                        new TopicPartition(topic.name(), p.partition()), OffsetSpec.latest()));
      } catch (ExecutionException e) {
        LOG.debug("a topic is not there yet", e); // Streams makes its own at its first start.
      }
    }
    Map<TopicPartition, OffsetAndMetadata> committed =
        get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
    ListOffsetsResult ends =
        admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED));
    Map<TopicPartition, Position> positions = new HashMap<>();
    for (TopicPartition partition : wanted.keySet()) {
      ListOffsetsResultInfo end = get(ends.partitionResult(partition));
      OffsetAndMetadata offset = committed.get(partition);
      positions.put(partition, new Position(offset == null ? 0 : offset.offset(), end.offset()));
    }
    return positions;
  }

  private static <T> T get(KafkaFuture<T> future)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
  }
}
