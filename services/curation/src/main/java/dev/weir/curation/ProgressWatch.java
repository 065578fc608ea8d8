package dev.weir.curation;

import dev.weir.curation.StallDetector.Position;
import dev.weir.curation.meter.CurationMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
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
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
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
  private final Set<String> inputs;
  private final RenewedTopics renewed;
  private final InstantSource clock;
  private final MeterRegistry registry;
  private final BrokerGauges cluster;
  private final Map<String, Uuid> ids = new HashMap<>(); // the watch's thread only
  private final StallDetector detector;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread made = new Thread(task, "curation-progress");
            made.setDaemon(true);
            return made;
          });
  private volatile Map<String, Duration> stalled = Map.of();
  private volatile Set<String> missing = Set.of();
  private volatile Instant answered;
  private volatile String unanswered = "it was not asked yet";

  /**
   * A watch that does not look yet.
   *
   * @param topics all that the group reads
   * @param inputs those of them that others make; Kafka Streams makes its own
   * @param task equal for partitions that are worked off together
   * @param renewed is told of inputs that were made anew
   * @param clock one that does not jump
   */
  ProgressWatch(
      Map<String, Object> kafka,
      String group,
      List<String> topics,
      Set<String> inputs,
      Function<TopicPartition, Object> task,
      RenewedTopics renewed,
      InstantSource clock,
      MeterRegistry registry) {
    this.kafka = Map.copyOf(kafka);
    this.group = group;
    this.topics = List.copyOf(topics);
    this.inputs = Set.copyOf(inputs);
    this.detector = new StallDetector(PATIENCE, task);
    this.renewed = renewed;
    this.clock = clock;
    this.registry = registry;
    this.answered = clock.instant();
    this.cluster = new BrokerGauges(registry);
    CurationMeters.STALLED.gauge(registry, () -> stalled.size());
  }

  void start() {
    var unused =
        thread.scheduleWithFixedDelay(this::look, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Positions that nobody gets past, as {@code topic-partition@offset}, and for how long. */
  Map<String, Duration> stalled() {
    return stalled;
  }

  /** Inputs that are not there. */
  Set<String> missing() {
    return missing;
  }

  /** How long the broker has not said how far the application is. */
  Duration silence() {
    return Duration.between(answered, clock.instant());
  }

  /** Why it has not, for people. */
  String unanswered() {
    return unanswered;
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
      cluster.disks(admin);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      unanswered = String.valueOf(e.getCause() == null ? e : e.getCause());
      LOG.debug("the broker does not say how far {} is", group, e);
    } catch (RuntimeException e) {
      unanswered = e.toString();
      LOG.error("the watch over progress failed; it tries again", e);
    }
  }

  private Map<TopicPartition, Position> positions(Admin admin)
      throws InterruptedException, ExecutionException, TimeoutException {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    Set<String> gone = new TreeSet<>();
    List<TopicDescription> found = new ArrayList<>();
    for (Map.Entry<String, KafkaFuture<TopicDescription>> described :
        admin.describeTopics(topics).topicNameValues().entrySet()) {
      try {
        TopicDescription topic = get(described.getValue());
        look(topic);
        found.add(topic);
        topic
            .partitions()
            .forEach(
                p ->
                    wanted.put(
                        new TopicPartition(topic.name(), p.partition()), OffsetSpec.latest()));
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
        if (inputs.contains(described.getKey())) {
          gone.add(described.getKey());
        }
      }
    }
    if (!gone.isEmpty() && !gone.equals(missing)) {
      LOG.error("{} are missing; curation reads on when they are made anew", gone);
    }
    missing = gone;
    cluster.replicas(found);
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

  /** A topic that was deleted and made anew has the same name and another id. */
  private void look(TopicDescription topic) {
    Uuid before = ids.put(topic.name(), topic.topicId());
    if (before != null && !before.equals(topic.topicId())) {
      CurationMeters.RENEWED.counter(registry, topic.name()).increment();
      LOG.error(
          "{} was deleted and made anew; what was not read of the old one is lost", topic.name());
      if (inputs.contains(topic.name())) {
        renewed.add(topic.name(), topic.topicId());
      }
    }
  }

  private static <T> T get(KafkaFuture<T> future)
      throws InterruptedException, ExecutionException, TimeoutException {
    return future.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
  }
}
