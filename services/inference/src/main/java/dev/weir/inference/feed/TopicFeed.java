package dev.weir.inference.feed;

import dev.weir.service.kafka.KafkaClients;
import java.time.Duration;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one topic, all partitions and committed records only, while somebody listens.
 *
 * <p>The first listener starts the thread {@code feed-<topic>} with a consumer of its own, without
 * a group; when the last one has gone, both end. Listeners share the consumer and have a position
 * each. One that is to get records from before its time has them read by a consumer of its own kind
 * on the thread {@code replay-<topic>}, which brings it to the topic's end and hands it over: so
 * nobody who is there already waits for a newcomer. Partitions that are added are followed within
 * half a minute, from their beginning. A broker that is away is tried again every two seconds.
 * Thread-safe; {@link #close} ends the threads.
 */
public final class TopicFeed implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicFeed.class);

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(2);
  private static final int BROKER_TIMEOUT_MS = 5_000;
  private static final int JOIN_MS = 2_000;
  private static final Duration LOOK_FOR_PARTITIONS = Duration.ofSeconds(30);

  /** The most offsets that a listener which comes back is given again. */
  public static final int REPLAY = 512;

  /** The most offsets that a new listener may be given from before its time. */
  public static final int MOST_BEFORE = 5000;

  private final Map<String, Object> kafka;
  private final String topic;
  private final Duration lookForPartitions;
  private final Map<Integer, Long> next = new HashMap<>(); // the feed's thread alone
  private final List<Subscription> listeners = new CopyOnWriteArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private @Nullable Thread thread;
  private @Nullable Thread replaying;
  private boolean closed;

  /** A feed of that topic; it opens nothing before somebody listens. */
  public TopicFeed(Map<String, Object> kafka, String topic) {
    this(kafka, topic, LOOK_FOR_PARTITIONS);
  }

  TopicFeed(Map<String, Object> kafka, String topic, Duration lookForPartitions) {
    this.lookForPartitions = lookForPartitions;
    this.kafka = KafkaClients.readingAlone(kafka);
    // A listener hears what comes from now on.
    this.kafka.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
    this.kafka.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-feed-" + topic);
    this.kafka.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, BROKER_TIMEOUT_MS);
    this.kafka.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, BROKER_TIMEOUT_MS);
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
    private @Nullable FeedPosition position; // the thread's that serves it
    private boolean opened; // likewise
    private boolean placed; // the feed's thread alone

    /** Which thread serves it: the replay's first, if any, then the feed's for good. */
    private volatile boolean live;

    Subscription(FeedListener listener, Optional<FeedPosition> position, int before) {
      this.listener = listener;
      this.position = position.orElse(null);
      this.before = before;
      this.live = before == 0 && position.isEmpty();
    }

    private boolean gone() {
      return !listeners.contains(this);
    }

    /** Finds its place in the topic; says so once. */
    private FeedPosition open(Map<Integer, Long> begins, Map<Integer, Long> ends) {
      FeedPosition at = position;
      if (!opened) {
        at = start(this, begins, ends);
        position = at;
        opened = true;
        listener.opened(String.valueOf(at));
      }
      return Objects.requireNonNull(at);
    }

    private void restart(int partition, long offset) {
      if (position != null) {
        position.restart(partition, offset);
      }
    }

    private void tell(ConsumerRecord<byte[], byte[]> record) {
      FeedPosition at = position;
      if (at != null && at.pass(record.partition(), record.offset())) {
        listener.record(at.toString(), record);
      }
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
      thread = started(this::run, "feed-");
    }
    if (!subscription.live && replaying == null) {
      replaying = started(this::replay, "replay-");
    }
    return subscription;
  }

  private Thread started(Runnable task, String prefix) {
    Thread started = new Thread(task, prefix + topic);
    started.setDaemon(true);
    started.start();
    return started;
  }

  /** Whether its thread and consumer exist. */
  public synchronized boolean running() {
    return thread != null;
  }

  private void run() {
    while (!finished()) {
      try (KafkaConsumer<byte[], byte[]> consumer = consumer(kafka)) {
        listeners.forEach(each -> each.placed = false);
        long lookAt = System.nanoTime() + lookForPartitions.toNanos();
        while (!idle()) {
          if (System.nanoTime() - lookAt >= 0) {
            lookAt = System.nanoTime() + lookForPartitions.toNanos();
            if (partitions(consumer).size() != consumer.assignment().size()) {
              listeners.forEach(each -> each.placed = false);
            }
          }
          place(consumer);
          if (consumer.assignment().isEmpty()) {
            pause(POLL); // Whoever is to come is still with the replay.
            continue;
          }
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            follow(record);
            listeners.stream().filter(each -> each.placed).forEach(each -> each.tell(record));
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

  /** Brings newcomers to the topic's end, all that wait at once, until none is left. */
  private void replay() {
    while (true) {
      List<Subscription> newcomers = newcomers();
      if (newcomers.isEmpty()) {
        return;
      }
      Map<String, Object> settings = new HashMap<>(kafka);
      settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-replay-" + topic);
      try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings)) {
        List<TopicPartition> partitions = partitions(consumer);
        Map<Integer, Long> begins = byPartition(consumer.beginningOffsets(partitions));
        Map<Integer, Long> ends = byPartition(consumer.endOffsets(partitions));
        newcomers.forEach(each -> each.open(begins, ends));
        consumer.assign(partitions);
        for (TopicPartition partition : partitions) {
          consumer.seek(partition, earliest(newcomers, partition).orElse(ends(ends, partition)));
        }
        while (!idle() && partitions.stream().anyMatch(each -> behind(consumer, each, ends))) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            newcomers.stream().filter(each -> !each.gone()).forEach(each -> each.tell(record));
          }
        }
        newcomers.forEach(each -> each.live = true); // The few records since then it gets there.
      } catch (InterruptException e) {
        LOG.debug("the replay of {} is closing", topic);
      } catch (RuntimeException e) {
        LOG.warn("the replay of {} failed; trying again", topic, e);
        pause();
      }
    }
  }

  private static boolean behind(
      KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, Map<Integer, Long> ends) {
    return consumer.position(partition) < ends(ends, partition);
  }

  /** Those that wait for a replay; when there are none, the next one starts another thread. */
  private synchronized List<Subscription> newcomers() {
    List<Subscription> waiting =
        closed ? List.of() : listeners.stream().filter(each -> !each.live).toList();
    if (waiting.isEmpty()) {
      replaying = null;
    }
    return waiting;
  }

  /** A consumer whose view of the topic's partitions is no older than they are looked at. */
  private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
    Map<String, Object> fresh = new HashMap<>(settings);
    fresh.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, lookForPartitions.toMillis());
    return KafkaClients.consumer(fresh);
  }

  private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer) {
    return consumer.partitionsFor(topic).stream()
        .map(info -> new TopicPartition(topic, info.partition()))
        .toList();
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
    pause(REOPEN_AFTER);
  }

  private void pause(Duration most) {
    try {
      if (closing.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("the feed of {} is closing", topic);
      }
    } catch (InterruptedException e) {
      LOG.debug("the feed of {} is closing", topic);
    }
  }

  /** Gives newcomers their place, and moves the consumer back to the earliest of all places. */
  private void place(KafkaConsumer<byte[], byte[]> consumer) {
    List<Subscription> here = listeners.stream().filter(each -> each.live).toList();
    if (here.isEmpty() || here.stream().allMatch(each -> each.placed)) {
      return;
    }
    List<TopicPartition> partitions = partitions(consumer);
    Map<Integer, Long> begins = byPartition(consumer.beginningOffsets(partitions));
    Map<Integer, Long> ends = byPartition(consumer.endOffsets(partitions));
    consumer.assign(partitions);
    for (Subscription each : here) {
      each.open(begins, ends);
      each.placed = true;
    }
    for (TopicPartition partition : partitions) {
      long from = earliest(here, partition).orElse(ends(ends, partition));
      consumer.seek(partition, from);
      next.put(partition.partition(), from);
    }
  }

  /** A topic that was made anew has other records under the offsets that listeners had already. */
  private void follow(ConsumerRecord<byte[], byte[]> record) {
    int partition = record.partition();
    if (record.offset() < next.getOrDefault(partition, 0L)) {
      LOG.warn(
          "{}-{} was made anew or cut: offset {} came after {}; its feed goes on there",
          topic,
          partition,
          record.offset(),
          next.get(partition));
      listeners.stream()
          .filter(each -> each.placed)
          .forEach(each -> each.restart(partition, record.offset()));
    }
    next.put(partition, record.offset() + 1);
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

  private static Optional<Long> earliest(List<Subscription> of, TopicPartition partition) {
    return of.stream()
        .map(each -> each.position)
        .filter(Objects::nonNull)
        .map(position -> position.next(partition.partition()))
        .min(Long::compare);
  }

  private static long ends(Map<Integer, Long> ends, TopicPartition partition) {
    return ends.getOrDefault(partition.partition(), 0L);
  }

  private static Map<Integer, Long> byPartition(Map<TopicPartition, Long> offsets) {
    return offsets.entrySet().stream()
        .collect(Collectors.toMap(entry -> entry.getKey().partition(), Map.Entry::getValue));
  }

  @Override
  public void close() {
    Thread ending;
    Thread replay;
    synchronized (this) {
      closed = true;
      listeners.clear();
      closing.countDown();
      ending = thread;
      replay = replaying;
    }
    end(ending);
    end(replay);
  }

  private static void end(@Nullable Thread ending) {
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
