package dev.weir.inference.stream;

import dev.weir.common.ops.Health.Status;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Source;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads reviews, has them scored and writes the answers, exactly once.
 *
 * <pre>
 * waiting for adapters ──► polling ──► scoring ──► writing ──► polling …
 *                             ▲                       │ failed
 *                             └── rewind to committed ◄┘
 * </pre>
 *
 * <p>Its thread {@code review-stream} owns consumer and producer. Classifications, dead letters,
 * label requests and offsets go into one transaction per poll; while one batch is written the next
 * one is with the scorers already. After a failure, and when partitions are lost, what is under way
 * is dropped and read again from the committed offsets. When partitions are revoked, it is finished
 * and committed first. {@link #close} does the same, then leaves the group.
 */
public final class ReviewStream implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReviewStream.class);

  /** One batch is written while the other one is scored. */
  private static final int BATCHES_UNDER_WAY = 2;

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration COMMITTED_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** Tells when the adapters are known, so that no review is abstained for want of patience. */
  @FunctionalInterface
  public interface AdaptersKnown {

    /** Waits; false when the time was up before. */
    boolean await(Duration timeout) throws InterruptedException;
  }

  private final StreamConfig config;
  private final Classifier classifier;
  private final AdaptersKnown adaptersKnown;
  private final StreamMeters meters;
  private final StreamClients clients;
  private final BatchOutputs outputs;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Object consumerLock = new Object();
  private @Nullable KafkaConsumer<byte[], byte[]> wakeable;
  private @Nullable Thread thread;
  private volatile Status status = new Status.Down("not started");

  // Below: only the stream's own thread.
  private final Deque<ReviewBatch> underWay = new ArrayDeque<>();
  private boolean rewind;
  private int failures;

  /** A stream; it does nothing before {@link #start}. */
  public ReviewStream(
      StreamConfig config,
      Classifier classifier,
      AdaptersKnown adaptersKnown,
      MeterRegistry meters,
      Clock clock) {
    this.config = config;
    this.classifier = classifier;
    this.adaptersKnown = adaptersKnown;
    this.meters = new StreamMeters(meters);
    this.clients = new StreamClients(config);
    this.outputs = new BatchOutputs(config, this.meters, clock);
  }

  /** Starts to read. */
  public synchronized void start() {
    if (thread == null) {
      Thread started = new Thread(this::run, "review-stream");
      started.setDaemon(true);
      thread = started;
      started.start();
    }
  }

  /** Whether reviews are being answered. */
  public Status status() {
    return status;
  }

  private boolean open() {
    return closing.getCount() > 0;
  }

  private void run() {
    try {
      status = new Status.Down("waiting until the adapters are known");
      while (open() && !adaptersKnown.await(POLL)) {
        LOG.trace("waiting until the adapters are known");
      }
      while (open()) {
        try {
          stream();
        } catch (WakeupException e) {
          LOG.debug("closing");
        } catch (KafkaException e) {
          failed("reviews cannot be read", e);
          pause();
        }
      }
      status = new Status.Down("closed");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      status = new Status.Dead("interrupted");
    } catch (Throwable e) {
      status = new Status.Dead("the review stream ended abruptly: " + e);
      LOG.error("the review stream ended abruptly; restart this process", e);
    }
  }

  /** Reads and answers with one pair of clients until it is closed or a client fails. */
  private void stream() throws InterruptedException {
    underWay.clear();
    rewind = false;
    try (TransactionalWriter writer = new TransactionalWriter(clients::producer, meters)) {
      writer.open();
      try (KafkaConsumer<byte[], byte[]> consumer = clients.consumer();
          KafkaClientMetrics clientMetrics =
              new KafkaClientMetrics(consumer, List.of(Tag.of("role", "reviews")))) {
        clientMetrics.bindTo(meters.registry());
        wakeable(consumer);
        consumer.subscribe(List.of(config.topics().reviews()), new Rebalance(consumer, writer));
        status = new Status.Up("answering reviews");
        try {
          while (open()) {
            step(consumer, writer);
          }
        } catch (WakeupException e) {
          LOG.debug("closing; {} batches are still to be written", underWay.size());
        }
        writeAll(consumer, writer);
      } finally {
        wakeable(null);
      }
    }
  }

  private void step(KafkaConsumer<byte[], byte[]> consumer, TransactionalWriter writer)
      throws InterruptedException {
    if (rewind) {
      rewind(consumer);
    }
    ConsumerRecords<byte[], byte[]> records =
        consumer.poll(underWay.isEmpty() ? POLL : Duration.ZERO);
    if (rewind) {
      return; // Lost or failed inside the poll: these records are read again with the others.
    }
    if (!records.isEmpty()) {
      ReviewBatch batch = ReviewBatch.of(records);
      batch.answeredBy(classifier.classify(Source.KAFKA, batch.reviews()));
      underWay.add(batch);
    }
    ReviewBatch first = underWay.peek();
    if (first != null
        && (records.isEmpty() || underWay.size() >= BATCHES_UNDER_WAY || first.scored())) {
      writeFirst(consumer, writer);
    }
  }

  private void writeAll(KafkaConsumer<byte[], byte[]> consumer, TransactionalWriter writer)
      throws InterruptedException {
    while (!underWay.isEmpty()) {
      writeFirst(consumer, writer);
    }
  }

  /** Writes the oldest batch; after a failure nothing is under way and a rewind is due. */
  private void writeFirst(KafkaConsumer<byte[], byte[]> consumer, TransactionalWriter writer)
      throws InterruptedException {
    ReviewBatch batch = underWay.remove();
    List<Answer> answers = answers(batch);
    try {
      writer.write(outputs.records(batch, answers), batch.offsets(), consumer.groupMetadata());
      if (failures > 0) {
        failures = 0;
        status = new Status.Up("answering reviews");
      }
    } catch (KafkaException e) {
      underWay.clear();
      rewind = true;
      failed(batch + " were not written and will be read again", e);
      pause();
    }
  }

  private static List<Answer> answers(ReviewBatch batch) throws InterruptedException {
    try {
      return batch.answers().get();
    } catch (ExecutionException e) {
      // Failures of the model are answers, too: only a defect gets here.
      throw new IllegalStateException("scoring " + batch + " failed", e.getCause());
    }
  }

  private void rewind(KafkaConsumer<byte[], byte[]> consumer) {
    Map<TopicPartition, OffsetAndMetadata> committed =
        consumer.committed(consumer.assignment(), COMMITTED_TIMEOUT);
    for (TopicPartition partition : consumer.assignment()) {
      OffsetAndMetadata offset = committed.get(partition);
      if (offset == null) {
        consumer.seekToBeginning(List.of(partition));
      } else {
        consumer.seek(partition, offset);
      }
    }
    rewind = false;
  }

  private void failed(String what, KafkaException cause) {
    failures++;
    status = new Status.Down(what + ": " + cause.getMessage());
    LOG.warn("{}; attempt {}", what, failures, cause);
  }

  private void pause() throws InterruptedException {
    long ms = Math.min(LONGEST_PAUSE.toMillis(), 50L << Math.min(failures, 10));
    if (closing.await(ms, TimeUnit.MILLISECONDS)) {
      LOG.debug("closing");
    }
  }

  private void wakeable(@Nullable KafkaConsumer<byte[], byte[]> consumer) {
    synchronized (consumerLock) {
      wakeable = consumer;
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
      if (wakeable != null) {
        wakeable.wakeup();
      }
    }
    if (running != null) {
      try {
        running.join();
      } catch (InterruptedException e) {
        running.interrupt();
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Called by the consumer inside its poll, on the stream's thread. */
  private final class Rebalance implements ConsumerRebalanceListener {

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TransactionalWriter writer;

    Rebalance(KafkaConsumer<byte[], byte[]> consumer, TransactionalWriter writer) {
      this.consumer = consumer;
      this.writer = writer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      LOG.info("assigned {}", partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      LOG.info("revoked {}; finishing {} batches first", partitions, underWay.size());
      try {
        writeAll(consumer, writer);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      LOG.warn("lost {}; dropping {} batches, they are read again", partitions, underWay.size());
      underWay.clear();
      rewind = true;
    }
  }
}
