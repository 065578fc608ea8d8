package dev.weir.inference.shadow;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.fault.Digests;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.publish.ProducerFaults;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.ops.Health.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has shadow versions score what was answered over HTTP, after the answer, and writes what they say
 * to their topic.
 *
 * <p>No answer waits for it: {@link #offer} returns at once, {@link #PENDING} reviews may wait, and
 * what comes beyond is dropped and counted. They are scored by workers that have nothing else to
 * do. Thread-safe; thread {@code http-shadow}, which begins with the first review. {@link #close}
 * drops what waits. A producer that failed for good is replaced.
 */
public final class HttpShadows implements AutoCloseable {

  /** Most reviews that wait to be scored. */
  static final int PENDING = 512;

  private static final Logger LOG = LoggerFactory.getLogger(HttpShadows.class);

  private static final int BATCH = 64;
  private static final int BLOCK_MS = 5_000;
  private static final int DELIVERY_MS = 10_000;
  private static final Duration REPLACE_EVERY = Duration.ofSeconds(3);

  private final Supplier<Producer<byte[], byte[]>> opener;
  private final String topic;
  private final Classifier classifier;
  private final String baseDigest;
  private final Clock clock;
  private final Counter scored;
  private final Counter leftOut;
  private final Counter dropped;
  private final BlockingQueue<Answered> pending = new ArrayBlockingQueue<>(PENDING);
  private volatile @Nullable Throwable failure;
  private volatile boolean forGood; // Of the producer that is open.
  private @Nullable Thread thread;
  private boolean closed;

  /** A review that was answered, and since when a shadow is to score it. */
  private record Answered(Review review, long nanos) {}

  /**
   * Scores by {@code classifier} and writes to the topic of that full name; nothing runs before the
   * first {@link #offer}.
   *
   * @param baseDigest sha-256 (hex) of the base model's weight file
   */
  public HttpShadows(
      Map<String, Object> kafka,
      String topic,
      Classifier classifier,
      String baseDigest,
      MeterRegistry meters,
      Clock clock) {
    this(() -> producer(kafka), topic, classifier, baseDigest, meters, clock);
  }

  HttpShadows(
      Supplier<Producer<byte[], byte[]>> opener,
      String topic,
      Classifier classifier,
      String baseDigest,
      MeterRegistry meters,
      Clock clock) {
    this.opener = opener;
    this.topic = topic;
    this.classifier = classifier;
    this.baseDigest = baseDigest;
    this.clock = clock;
    this.scored = InferenceMeters.SHADOWS.counter(meters, "scored");
    this.leftOut = InferenceMeters.SHADOWS.counter(meters, "left-out");
    this.dropped = InferenceMeters.SHADOWS.counter(meters, "dropped");
  }

  private static Producer<byte[], byte[]> producer(Map<String, Object> kafka) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, "weir-inference-http-shadow");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MS);
    return KafkaClients.producer(properties);
  }

  /**
   * Takes note of reviews that were answered, those of them that a shadow is to score.
   *
   * @param answers of the reviews, in their order; those that no version gave are left alone
   */
  public void offer(List<Review> reviews, List<Answer> answers) {
    for (int i = 0; i < reviews.size(); i++) {
      Review review = reviews.get(i);
      if (answers.get(i) instanceof Answer.Scored && shadowed(review)) {
        if (begun() && pending.offer(new Answered(review, System.nanoTime()))) {
          continue;
        }
        dropped.increment();
      }
    }
  }

  private boolean shadowed(Review review) {
    try {
      return classifier.shadowed(review.adapter());
    } catch (IllegalStateException e) {
      return false; // The service is closing; the answer is none of the shadow's business.
    }
  }

  private synchronized boolean begun() {
    if (thread == null && !closed) {
      thread = new Thread(this::run, "http-shadow");
      thread.setDaemon(true);
      thread.start();
    }
    return !closed;
  }

  private void run() {
    Producer<byte[], byte[]> producer = null;
    long replaceAt = System.nanoTime();
    try {
      while (true) {
        List<Answered> batch = new ArrayList<>();
        batch.add(pending.take());
        pending.drainTo(batch, BATCH - 1);
        List<Optional<Answer.Scored>> said;
        try {
          said = classifier.shadow(batch.stream().map(Answered::review).toList()).get();
          if (forGood && System.nanoTime() - replaceAt >= 0) {
            if (producer != null) {
              producer.close(Duration.ZERO);
              producer = null;
            }
            forGood = false;
          }
          if (producer == null) {
            replaceAt = System.nanoTime() + REPLACE_EVERY.toNanos();
            producer = opener.get();
          }
        } catch (ExecutionException | RuntimeException e) {
          LOG.warn("{} reviews over HTTP were not scored by their shadow", batch.size(), e);
          dropped.increment(batch.size());
          continue;
        }
        for (int i = 0; i < batch.size(); i++) {
          write(producer, batch.get(i), said.get(i));
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("closing: {} reviews over HTTP are not shadowed", pending.size());
    } finally {
      dropped.increment(pending.size());
      if (producer != null) {
        producer.close(Duration.ofMillis(DELIVERY_MS));
      }
    }
  }

  private void write(
      Producer<byte[], byte[]> producer, Answered answered, Optional<Answer.Scored> said)
      throws InterruptedException {
    if (said.isEmpty()) {
      leftOut.increment();
      return;
    }
    try {
      Future<RecordMetadata> ignored =
          producer.send(
              record(answered, said.get()),
              (written, problem) -> {
                (problem == null ? scored : dropped).increment();
                note(problem);
              });
    } catch (InterruptException e) {
      dropped.increment();
      Thread.interrupted(); // The client set it, and the exception says it now.
      throw (InterruptedException) new InterruptedException("closing").initCause(e);
    } catch (RuntimeException e) {
      // A defect of ours, too: it must not end the thread, and all shadows with it.
      dropped.increment();
      note(e);
    }
  }

  /** Takes note of how a send ended; on any thread. */
  private void note(@Nullable Throwable problem) {
    if (problem != null && ProducerFaults.ofTheRecord(problem)) {
      return;
    }
    if (problem != null) {
      if (failure == null) {
        LOG.warn("what shadows say of reviews over HTTP cannot be written", problem);
      }
      forGood |= ProducerFaults.forGood(problem);
    }
    failure = problem;
  }

  /** Whether what shadows say of reviews over HTTP can be written. */
  public Status status() {
    Throwable failed = failure;
    return failed == null
        ? new Status.Up("what shadows say of reviews over HTTP is written as it comes")
        : new Status.Down(
            "what shadows say of reviews over HTTP is not written: " + failed.getMessage());
  }

  private ProducerRecord<byte[], byte[]> record(Answered answered, Answer.Scored said) {
    Review given = answered.review();
    String id =
        given.id().isEmpty() ? "#" + Digests.sha256(given.text().getBytes(UTF_8)) : given.id();
    double latencyMs = (System.nanoTime() - answered.nanos()) / 1e6;
    Classification classification =
        said.classification(id, baseDigest, null, latencyMs, clock.instant());
    return new ProducerRecord<>(topic, id.getBytes(UTF_8), EventJson.write(classification));
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      closed = true;
      running = thread;
      thread = null;
    }
    if (running == null) {
      return;
    }
    running.interrupt();
    try {
      running.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
