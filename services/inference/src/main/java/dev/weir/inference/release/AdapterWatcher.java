package dev.weir.inference.release;

import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the adapters topic from its beginning into {@link AnnouncedAdapters}, and hands what is
 * wanted of each adapter to the {@link AdapterLoader}.
 *
 * <p>Its thread {@code adapter-watcher} owns the consumer: no group, the topic's one partition,
 * committed records only, so that every replica sees the same order. It asks the broker for the
 * topic's end and identity every few seconds, which is also how this process knows that the broker
 * is there.
 *
 * <p>Each reading from the beginning is an epoch: what it says takes effect in one step when its
 * end is reached. A topic that was deleted and made anew, restored or mirrored shows itself by
 * another topic id or by offsets that fall; it is then read from its beginning, and what serves
 * goes on serving meanwhile. No record ends the watcher: one that cannot be acted on is skipped.
 */
public final class AdapterWatcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterWatcher.class);

  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration QUICK_POLL = Duration.ofMillis(20);
  private static final Duration CHECK_EVERY = Duration.ofSeconds(5);
  private static final Duration BROKER_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(2);
  private static final String READ = "the adapters topic is read to its end";

  /** The end of an epoch that nobody has asked the broker for yet. */
  private static final long UNKNOWN = -1;

  /** The end of an epoch that was reached: from there on records are acted on as they come. */
  private static final long CAUGHT_UP = -2;

  private final Map<String, Object> admin;
  private final Map<String, Object> kafka;
  private final TopicPartition partition;
  private final AdapterLoader loader;
  private final MeterRegistry meters;
  private final AnnouncedAdapters announced;
  private final CountDownLatch caughtUp = new CountDownLatch(1);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Object consumerLock = new Object();
  private final Object readLock = new Object();
  private long readUpTo; // guarded by readLock
  private long epoch; // the watcher's thread alone, like the next three
  private long end;
  private long next;
  private @Nullable Uuid topicId;
  private @Nullable KafkaConsumer<byte[], byte[]> consumer;
  private @Nullable Thread thread;
  private volatile Status status = new Status.Down("not started");

  /**
   * A watcher of one topic.
   *
   * @param kafka client properties, with the brokers
   * @param topic the adapters topic's full name
   * @param announced where goes what it learns
   */
  public AdapterWatcher(
      Map<String, Object> kafka,
      String topic,
      AdapterLoader loader,
      AnnouncedAdapters announced,
      MeterRegistry meters) {
    this.admin = Map.copyOf(kafka);
    this.kafka = KafkaClients.readingAlone(kafka);
    this.kafka.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-adapters");
    this.partition = new TopicPartition(topic, 0);
    this.loader = loader;
    this.announced = announced;
    this.meters = meters;
    // From 0 on: an alert sees no increase of a counter that is born with its first value.
    InferenceMeters.ADAPTERS_TOPIC_ANEW.counter(meters);
    InferenceMeters.INTERNAL_ERRORS.counter(meters, "adapter-watcher");
  }

  /** Starts to watch. */
  public synchronized void start() {
    if (thread == null) {
      Thread started = new Thread(this::run, "adapter-watcher");
      started.setDaemon(true);
      thread = started;
      started.start();
    }
  }

  /**
   * Waits until every record that the topic held at the start was acted on: from then on "no
   * adapter" means that there is none.
   *
   * @return false when the time was up before
   */
  public boolean awaitCaughtUp(Duration timeout) throws InterruptedException {
    return caughtUp.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Up to which offset of the topic everything is known. */
  public long readUpTo() {
    synchronized (readLock) {
      return readUpTo;
    }
  }

  /** Whether the broker answers and the topic was read to its end. */
  public Status status() {
    return status;
  }

  /**
   * Waits until the topic was read up to an offset.
   *
   * @param offset the offset behind the last record that matters
   * @return false when the time was up before
   */
  public boolean awaitRead(long offset, Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    synchronized (readLock) {
      while (readUpTo < offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return false;
        }
        readLock.wait(left);
      }
      return true;
    }
  }

  private void run() {
    while (closing.getCount() > 0) {
      try {
        watch();
      } catch (WakeupException e) {
        LOG.debug("closing");
      } catch (KafkaException e) {
        status = new Status.Down("the adapters topic cannot be read: " + e.getMessage());
        LOG.warn("reading {} failed; opening it again", partition, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (Throwable e) {
        status = new Status.Dead("the watcher ended abruptly: " + e);
        LOG.error("the watcher of {} ended abruptly; restart this process", partition, e);
        return;
      }
      try {
        if (closing.await(REOPEN_AFTER.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void watch() throws InterruptedException {
    try (Admin broker = Admin.create(admin);
        KafkaConsumer<byte[], byte[]> opened = KafkaClients.consumer(kafka);
        KafkaClientMetrics clientMetrics =
            new KafkaClientMetrics(opened, List.of(Tag.of("role", "adapters")))) {
      clientMetrics.bindTo(meters);
      expose(opened);
      opened.assign(List.of(partition));
      read(opened);
      long checkAt = System.nanoTime();
      while (closing.getCount() > 0) {
        if (System.nanoTime() - checkAt >= 0) {
          check(opened, broker);
          checkAt = System.nanoTime() + CHECK_EVERY.toNanos();
        }
        boolean quick = end != CAUGHT_UP || caughtUp.getCount() > 0;
        for (ConsumerRecord<byte[], byte[]> record : opened.poll(quick ? QUICK_POLL : POLL)) {
          if (record.offset() < next) {
            anew(opened, "offset %d came after %d".formatted(record.offset(), next - 1));
            break;
          }
          next = record.offset() + 1;
          take(record);
        }
        arrive(opened);
      }
    } finally {
      expose(null);
    }
  }

  /** Begins an epoch. */
  private void read(KafkaConsumer<byte[], byte[]> opened) {
    epoch++;
    end = UNKNOWN;
    next = 0;
    announced.beginReading();
    opened.seekToBeginning(List.of(partition));
  }

  private void anew(KafkaConsumer<byte[], byte[]> opened, String why) {
    LOG.warn(
        "{} was made anew, restored or cut: {}; reading it from its beginning, what serves goes on serving",
        partition,
        why);
    InferenceMeters.ADAPTERS_TOPIC_ANEW.counter(meters).increment();
    synchronized (readLock) {
      readUpTo = 0; // A change is seen only when the new topic was read to its end.
    }
    read(opened);
  }

  /** Acts on what an epoch said once its end is reached, and on the start's end. */
  private void arrive(KafkaConsumer<byte[], byte[]> opened) {
    long position;
    try {
      position = opened.position(partition, Duration.ZERO);
    } catch (org.apache.kafka.common.errors.TimeoutException e) {
      return; // Not known before the first fetch.
    }
    if (end >= 0 && position >= end) {
      TopicPlace place = new TopicPlace(epoch, Math.max(0, position - 1));
      for (String adapter : announced.endReading()) {
        want(adapter, () -> announced.wanted(adapter, place));
      }
      end = CAUGHT_UP;
    }
    if (end != CAUGHT_UP) {
      return;
    }
    synchronized (readLock) {
      readUpTo = position;
      readLock.notifyAll();
    }
    // Loading is quick; asking every 20 ms is cheaper than a callback that can be missed.
    if (caughtUp.getCount() > 0 && loader.settled()) {
      caughtUp.countDown();
      status = new Status.Up(READ);
      LOG.info("caught up with {}: {} champions", partition, announced.champions().size());
    }
  }

  /**
   * Asks for the topic's end and identity; the answer tells whether the broker is there, and
   * whether the topic is the one that was read.
   */
  private void check(KafkaConsumer<byte[], byte[]> opened, Admin broker)
      throws InterruptedException {
    try {
      Uuid id = topicId(broker);
      if (topicId != null && !topicId.equals(id)) {
        anew(opened, "its id is %s, it was %s".formatted(id, topicId));
      }
      topicId = id;
      long found =
          opened.endOffsets(List.of(partition), BROKER_TIMEOUT).getOrDefault(partition, 0L);
      if (found < next) {
        anew(opened, "it ends at %d, read were %d".formatted(found, next));
      }
      if (end == UNKNOWN) {
        end = found;
      }
      status =
          caughtUp.getCount() == 0
              ? new Status.Up(READ)
              : new Status.Down("reading the adapters topic");
    } catch (UnknownTopicOrPartitionException e) {
      status =
          new Status.Down(
              "the topic %s does not exist; what serves goes on serving: restore the topic, or restart a service so that it is made"
                  .formatted(partition.topic()));
    } catch (org.apache.kafka.common.errors.TimeoutException e) {
      status =
          new Status.Down(
              "the broker at %s did not answer within %d s; check that it runs and that WEIR_BOOTSTRAP_SERVERS names it"
                  .formatted(
                      kafka.get(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG),
                      BROKER_TIMEOUT.toSeconds()));
    }
  }

  private Uuid topicId(Admin broker) throws InterruptedException {
    String topic = partition.topic();
    int timeout = Math.toIntExact(BROKER_TIMEOUT.toMillis());
    try {
      DescribeTopicsResult found =
          broker.describeTopics(List.of(topic), new DescribeTopicsOptions().timeoutMs(timeout));
      return Objects.requireNonNull(found.topicNameValues().get(topic)).get().topicId();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof KafkaException known) {
        throw known;
      }
      throw new KafkaException("the topic cannot be described", e);
    }
  }

  /** Nothing that a record says may end the watcher: all replicas would end, for good. */
  private void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      announced
          .take(record)
          .ifPresent(
              adapter ->
                  want(
                      adapter,
                      () ->
                          announced
                              .wanted(adapter, new TopicPlace(epoch, record.offset()))
                              .in(Tracing.context(record.headers()))));
    } catch (RuntimeException e) {
      LOG.error("{}@{} could not be acted on; it is skipped", partition, record.offset(), e);
      InferenceMeters.INTERNAL_ERRORS.counter(meters, "adapter-watcher").increment();
    }
  }

  private void want(String adapter, Supplier<Wanted> wanted) {
    try {
      loader.want(adapter, wanted.get());
    } catch (RuntimeException e) {
      LOG.error("adapter {} could not be handed to the loader", adapter, e);
      InferenceMeters.INTERNAL_ERRORS.counter(meters, "adapter-watcher").increment();
    }
  }

  private void expose(@Nullable KafkaConsumer<byte[], byte[]> opened) {
    synchronized (consumerLock) {
      consumer = opened;
    }
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      running = thread;
      closing.countDown();
    }
    synchronized (consumerLock) {
      if (consumer != null) {
        consumer.wakeup();
      }
    }
    if (running != null) {
      try {
        running.join(10_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
