package dev.weir.inference.adapter;

import dev.weir.common.ops.Health.Status;
import dev.weir.common.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the adapters topic from its beginning into {@link AnnouncedAdapters}, and hands what is
 * wanted of each adapter to the {@link AdapterLoader}.
 *
 * <p>Its thread {@code adapter-watcher} owns the consumer: no group, the topic's one partition,
 * committed records only, so that every replica sees the same order. It asks the broker for the
 * topic's end every few seconds, which is also how this process knows that the broker is there.
 */
public final class AdapterWatcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AdapterWatcher.class);

  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration CHECK_EVERY = Duration.ofSeconds(5);
  private static final Duration BROKER_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration REOPEN_AFTER = Duration.ofSeconds(2);

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
    this.kafka = new HashMap<>(kafka);
    this.kafka.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    this.kafka.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    this.kafka.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    this.kafka.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-adapters");
    this.kafka.remove(ConsumerConfig.GROUP_ID_CONFIG);
    this.partition = new TopicPartition(topic, 0);
    this.loader = loader;
    this.announced = announced;
    this.meters = meters;
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
    try (KafkaConsumer<byte[], byte[]> opened =
            new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        KafkaClientMetrics clientMetrics =
            new KafkaClientMetrics(opened, List.of(Tag.of("role", "adapters")))) {
      clientMetrics.bindTo(meters);
      expose(opened);
      opened.assign(List.of(partition));
      opened.seekToBeginning(List.of(partition));
      long end = -1;
      long checkAt = System.nanoTime();
      while (closing.getCount() > 0) {
        if (System.nanoTime() - checkAt >= 0) {
          end = check(opened, end);
          checkAt = System.nanoTime() + CHECK_EVERY.toNanos();
        }
        boolean reading = caughtUp.getCount() > 0;
        opened.poll(reading ? Duration.ofMillis(20) : POLL).forEach(this::take);
        readUpTo(opened);
        if (reading && end >= 0 && opened.position(partition, BROKER_TIMEOUT) >= end) {
          // Loading is quick; asking every 20 ms is cheaper than a callback that can be missed.
          if (loader.settled()) {
            caughtUp.countDown();
            status = new Status.Up("the adapters topic is read to its end");
            LOG.info("caught up with {}: {} champions", partition, announced.champions().size());
          }
        }
      }
    } finally {
      expose(null);
    }
  }

  private void readUpTo(KafkaConsumer<byte[], byte[]> opened) {
    long position;
    try {
      position = opened.position(partition, Duration.ZERO);
    } catch (org.apache.kafka.common.errors.TimeoutException e) {
      return; // Not known before the first fetch.
    }
    synchronized (readLock) {
      readUpTo = Math.max(readUpTo, position);
      readLock.notifyAll();
    }
  }

  /** Asks for the topic's end; the answer tells whether the broker is there. */
  private long check(KafkaConsumer<byte[], byte[]> opened, long end) {
    try {
      long found =
          opened.endOffsets(List.of(partition), BROKER_TIMEOUT).getOrDefault(partition, 0L);
      status =
          caughtUp.getCount() == 0
              ? new Status.Up("the adapters topic is read to its end")
              : new Status.Down("reading the adapters topic");
      return end < 0 ? found : end;
    } catch (org.apache.kafka.common.errors.TimeoutException e) {
      status =
          new Status.Down(
              "the broker at %s did not answer within %d s; check that it runs and that WEIR_BOOTSTRAP_SERVERS names it"
                  .formatted(
                      kafka.get(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG),
                      BROKER_TIMEOUT.toSeconds()));
      return end;
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    announced
        .take(record)
        .ifPresent(
            adapter ->
                loader.want(
                    adapter,
                    announced
                        .wanted(adapter, record.offset())
                        .in(Tracing.context(record.headers()))));
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
