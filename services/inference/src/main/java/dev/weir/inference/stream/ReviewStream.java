package dev.weir.inference.stream;

import dev.weir.inference.score.Classifier;
import dev.weir.inference.stream.ReviewLoop.Standstill;
import dev.weir.service.kafka.ClockStep;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer, one producer and the thread {@code review-stream-n} that owns them.
 *
 * <pre>
 * waiting for adapters ──► polling ──► scoring ──► writing ──► polling …
 *                             ▲                       │ failed
 *                             └── rewind to committed ◄┘
 * </pre>
 *
 * <p>After a failure, and when partitions are lost, what is under way is dropped and read again
 * from the committed offsets; when a client fails as a whole, both are opened anew. {@link #close}
 * finishes and commits what is under way, then leaves the group.
 */
final class ReviewStream implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewStream.class);

  private static final Duration PATIENCE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** Reviews that wait for so long do not wait for scorers that are merely busy. */
  private static final Duration LONGEST_STANDSTILL = Duration.ofMinutes(2);

  /** How long closing waits for the thread, which has deadlines of its own. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(60);

  private static final Status UP = new Status.Up("answering reviews");

  private final StreamConfig config;
  private final String name;
  private final Classifier classifier;
  private final AdaptersKnown adaptersKnown;
  private final StreamMeters meters;
  private final StreamClients clients;
  private final Duration longestStandstill;
  private final BatchOutputs outputs;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Object consumerLock = new Object();
  private @Nullable KafkaConsumer<byte[], byte[]> wakeable;
  private @Nullable Thread thread;
  private volatile Status status = new Status.Down("not started");
  private volatile @Nullable Standstill standstill;
  private int failures; // Only the stream's own thread.

  /** A stream; it does nothing before {@link #start}. */
  ReviewStream(
      StreamConfig config,
      int number,
      Classifier classifier,
      AdaptersKnown adaptersKnown,
      StreamMeters meters,
      Tracing tracing,
      Clock clock,
      StreamClients clients) {
    this(
        config,
        number,
        classifier,
        adaptersKnown,
        meters,
        tracing,
        clock,
        clients,
        LONGEST_STANDSTILL);
  }

  /**
   * The same.
   *
   * @param longestStandstill how long a partition may go without a commit although it has reviews
   */
  ReviewStream(
      StreamConfig config,
      int number,
      Classifier classifier,
      AdaptersKnown adaptersKnown,
      StreamMeters meters,
      Tracing tracing,
      Clock clock,
      StreamClients clients,
      Duration longestStandstill) {
    this.longestStandstill = longestStandstill;
    this.config = config;
    this.name = "review-stream-" + number;
    this.classifier = classifier;
    this.adaptersKnown = adaptersKnown;
    this.meters = meters;
    this.clients = clients;
    this.outputs = new BatchOutputs(config, meters, tracing, clock);
  }

  /** Starts to read. */
  synchronized void start() {
    if (thread == null) {
      Thread started = new Thread(this::run, name);
      started.setDaemon(true);
      thread = started;
      started.start();
    }
  }

  /** Whether reviews are being answered. */
  Status status() {
    Status now = status;
    Standstill still = standstill;
    return now instanceof Status.Up && still != null && still.nanos() > longestStandstill.toNanos()
        ? new Status.Down(still.toString())
        : now;
  }

  /** How long the partition has stood still that has done so longest; 0 when none does. */
  long standstillSeconds() {
    Standstill still = standstill;
    return still == null ? 0 : still.seconds();
  }

  private boolean open() {
    return closing.getCount() > 0;
  }

  private void run() {
    try {
      status = new Status.Down("waiting until the adapters are known");
      while (open() && !adaptersKnown.await(PATIENCE)) {
        LOG.trace("waiting until the adapters are known");
      }
      while (open()) {
        try {
          stream();
        } catch (WakeupException e) {
          LOG.debug("closing");
        } catch (ConfigException e) {
          throw e; // A client property is wrong: trying again does not mend it.
        } catch (RuntimeException e) {
          // A defect of ours, too: the stream must not end by a record that it meets again.
          failed("reviews cannot be read", e);
        }
      }
      status = new Status.Down("closed");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      status = new Status.Dead("interrupted");
    } catch (Throwable e) {
      status = new Status.Dead(name + " ended abruptly: " + e);
      LOG.error("{} ended abruptly; restart this process", name, e);
    }
  }

  /** Reads and answers with one pair of clients until it is closed or a client fails. */
  private void stream() throws InterruptedException {
    ClockStep clock = new ClockStep();
    try (AnswerWriter writer = writer()) {
      writer.open();
      try (KafkaConsumer<byte[], byte[]> consumer = clients.consumer();
          KafkaClientMetrics clientMetrics =
              new KafkaClientMetrics(consumer, List.of(Tag.of("role", "reviews")))) {
        clientMetrics.bindTo(meters.registry());
        wakeable(consumer);
        ReviewLoop loop =
            new ReviewLoop(
                consumer,
                writer,
                classifier,
                outputs,
                clients.maxPollInterval(),
                config.pollRecords(),
                clients.pollRecords(),
                new Progress());
        consumer.subscribe(List.of(config.topics().reviews()), loop);
        if (failures == 0) {
          status = UP; // Else only progress shows that the failure is over.
        }
        try {
          while (open()) {
            clock.requireNotSetBack();
            loop.step();
          }
        } catch (WakeupException e) {
          LOG.debug("closing");
        }
        loop.finish();
      } finally {
        wakeable(null);
      }
    }
  }

  private AnswerWriter writer() {
    return switch (config.delivery()) {
      case EXACTLY_ONCE -> new TransactionalWriter(clients::producer, meters);
      case AT_LEAST_ONCE -> new AcknowledgedWriter(clients::producer, meters);
    };
  }

  private void failed(String what, RuntimeException cause) throws InterruptedException {
    failures++;
    status = new Status.Down(what + ": " + said(cause));
    LOG.warn("{}; attempt {}", what, failures, cause);
    long ms = Math.min(LONGEST_PAUSE.toMillis(), 50L << Math.min(failures, 10));
    if (closing.await(ms, TimeUnit.MILLISECONDS)) {
      LOG.debug("closing");
    }
  }

  private static String said(RuntimeException cause) {
    return cause instanceof KafkaException ? String.valueOf(cause.getMessage()) : cause.toString();
  }

  private void wakeable(@Nullable KafkaConsumer<byte[], byte[]> consumer) {
    synchronized (consumerLock) {
      wakeable = consumer;
    }
  }

  /** Asks the thread to finish, without waiting for it. */
  void beginClose() {
    closing.countDown();
    synchronized (consumerLock) {
      if (wakeable != null) {
        wakeable.wakeup();
      }
    }
  }

  @Override
  public void close() {
    beginClose();
    Thread running;
    synchronized (this) {
      running = thread;
    }
    if (running != null) {
      try {
        running.join(CLOSE_PATIENCE.toMillis());
        if (running.isAlive()) {
          LOG.warn("{} has not ended within {} s", name, CLOSE_PATIENCE.toSeconds());
          running.interrupt();
        }
      } catch (InterruptedException e) {
        running.interrupt();
        Thread.currentThread().interrupt();
      }
    }
  }

  /** What the loop reports becomes the stream's status and its pause before the next try. */
  private final class Progress implements ReviewLoop.Listener {

    @Override
    public void progressed() {
      if (failures > 0) {
        failures = 0;
        status = UP;
      }
    }

    @Override
    public void failed(String what, RuntimeException cause) throws InterruptedException {
      ReviewStream.this.failed(what, cause);
    }

    @Override
    public void standing(@Nullable Standstill longest) {
      standstill = longest;
    }
  }
}
