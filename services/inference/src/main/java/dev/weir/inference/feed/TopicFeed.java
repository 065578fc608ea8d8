package dev.weir.inference.feed;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one topic, all partitions and committed records only, while somebody listens.
 *
 * <p>The first listener starts the thread {@code feed-<topic>} with a consumer of its own, without
 * a group; when the last one has gone, both end. Listeners share the consumer and have a position
 * each: one that comes back with an old position makes the consumer read the last records again,
 * and the others pass over what they had. A broker that is away is tried again every two seconds.
 * Thread-safe; {@link #close} ends the thread.
 */
public final class TopicFeed implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicFeed.class);

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(2);
  private static final int BROKER_TIMEOUT_MS = 5_000;
  private static final int JOIN_MS = 2_000;

  /** The most offsets that a listener which comes back is given again. */
  public static final int REPLAY = 512;

  /** The most offsets that a new listener may be given from before its time. */
  public static final int MOST_BEFORE = 5000;

  private final Map<String, Object> kafka;
  private final String topic;
  private final List<Subscription> listeners = new CopyOnWriteArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private @Nullable Thread thread;
  private boolean closed;

  /** A feed of that topic; it opens nothing before somebody listens. */
  public TopicFeed(Map<String, Object> kafka, String topic) {
    this.kafka = new HashMap<>(kafka);
    this.kafka.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    this.kafka.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
    this.kafka.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    this.kafka.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-feed-" + topic);
    this.kafka.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, BROKER_TIMEOUT_MS);
    this.kafka.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, BROKER_TIMEOUT_MS);
    this.kafka.remove(ConsumerConfig.GROUP_ID_CONFIG);
    this.topic = topic;
  }

  /** What ends listening. */
  public interface Listening extends AutoCloseable {

    /** No record comes afterwards, but for one that is on its way; idempotent, never blocks. */
    @Override
    void close();
  }

  private final class Subscription implements Listening {

    private final FeedListener listener;
    private final int before;
    private @Nullable FeedPosition position;
    private boolean placed;

    Subscription(FeedListener listener, Optional<FeedPosition> position, int before) {
      this.listener = listener;
      this.position = position.orElse(null);
      this.before = before;
    }

    @Override
    public void close() {
      listeners.remove(this);
    }
  }

  /**
   * Listens from now on, or from where a listener was before.
   *
   * @param resume what {@link FeedListener#record} gave with the last record, or null; anything
   *     that is no position counts as null
   * @throws IllegalStateException after {@link #close}
   */
  public Listening listen(@Nullable String resume, FeedListener listener) {
    return listen(resume, 0, listener);
  }

  /**
   * The same; a listener that was nowhere before also gets what was written last.
   *
   * @param before how many of the topic's last offsets, at most {@link #MOST_BEFORE}; fewer records
   *     than that, since each transaction takes an offset of its own
   */
  public synchronized Listening listen(@Nullable String resume, int before, FeedListener listener) {
    if (closed) {
      throw new IllegalStateException("the feed of " + topic + " is closed");
    }
    Subscription subscription =
        new Subscription(
            listener,
            Optional.ofNullable(resume).flatMap(FeedPosition::parse),
            Math.min(before, MOST_BEFORE));
    listeners.add(subscription);
    if (thread == null) {
      thread = new Thread(this::run, "feed-" + topic);
      thread.setDaemon(true);
      thread.start();
    }
    return subscription;
  }

  /** Whether its thread and consumer exist. */
  public synchronized boolean running() {
    return thread != null;
  }

  private void run() {
    while (!finished()) {
      try (KafkaConsumer<byte[], byte[]> consumer =
          new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        while (!idle()) {
          place(consumer);
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            tell(record);
          }
        }
      } catch (InterruptException e) {
        LOG.debug("the feed of {} is closing", topic);
      } catch (RuntimeException e) {
        // Kafka's, or one of a listener: neither may end the feed of the others for good.
        LOG.warn("the feed of {} failed; opening it again", topic, e);
        pause();
      }
    }
  }

  private synchronized boolean idle() {
    return closed || listeners.isEmpty();
  }

  /** Whether the thread is to end; from then on the next listener starts another one. */
  private synchronized boolean finished() {
    if (idle()) {
      thread = null;
      return true;
    }
    return false;
  }

  private void pause() {
    try {
      if (closing.await(REOPEN_AFTER.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("the feed of {} is closing", topic);
      }
    } catch (InterruptedException e) {
      LOG.debug("the feed of {} is closing", topic);
    }
  }

  /** Gives newcomers their place, and moves the consumer back to the earliest of all places. */
  private void place(KafkaConsumer<byte[], byte[]> consumer) {
    if (!consumer.assignment().isEmpty() && listeners.stream().allMatch(each -> each.placed)) {
      return;
    }
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(info -> new TopicPartition(topic, info.partition()))
            .toList();
    Map<Integer, Long> begins = byPartition(consumer.beginningOffsets(partitions));
    Map<Integer, Long> ends = byPartition(consumer.endOffsets(partitions));
    List<Subscription> newcomers = new ArrayList<>();
    for (Subscription each : listeners) {
      if (!each.placed) {
        each.position = start(each, begins, ends);
        each.placed = true;
        newcomers.add(each);
      }
    }
    consumer.assign(partitions);
    for (TopicPartition partition : partitions) {
      consumer.seek(partition, earliest(partition.partition()).orElse(ends(ends, partition)));
    }
    newcomers.forEach(each -> each.listener.opened(String.valueOf(each.position)));
  }

  private static FeedPosition start(
      Subscription newcomer, Map<Integer, Long> begins, Map<Integer, Long> ends) {
    FeedPosition position = newcomer.position;
    if (position == null) {
      return newcomer.before > 0
          ? FeedPosition.last(newcomer.before, begins, ends)
          : FeedPosition.at(ends);
    }
    long gone = position.fit(begins, ends, REPLAY);
    if (gone > 0) {
      newcomer.listener.skipped(gone);
    }
    return position;
  }

  private Optional<Long> earliest(int partition) {
    return listeners.stream()
        .map(each -> each.position)
        .filter(Objects::nonNull)
        .map(position -> position.next(partition))
        .min(Long::compare);
  }

  private static long ends(Map<Integer, Long> ends, TopicPartition partition) {
    return ends.getOrDefault(partition.partition(), 0L);
  }

  private static Map<Integer, Long> byPartition(Map<TopicPartition, Long> offsets) {
    return offsets.entrySet().stream()
        .collect(Collectors.toMap(entry -> entry.getKey().partition(), Map.Entry::getValue));
  }

  private void tell(ConsumerRecord<byte[], byte[]> record) {
    for (Subscription each : listeners) {
      FeedPosition position = each.position;
      if (each.placed && position != null && position.pass(record.partition(), record.offset())) {
        each.listener.record(position.toString(), record);
      }
    }
  }

  @Override
  public void close() {
    Thread ending;
    synchronized (this) {
      closed = true;
      listeners.clear();
      closing.countDown();
      ending = thread;
    }
    if (ending != null) {
      try {
        // It looks up after each poll; only one that waits for a broker has to be interrupted.
        ending.join(JOIN_MS);
        ending.interrupt();
        ending.join(JOIN_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
