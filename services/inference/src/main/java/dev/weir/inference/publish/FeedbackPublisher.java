package dev.weir.inference.publish;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.InputPosition;
import dev.weir.inference.publish.FeedbackNotSentException.Kind;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.opentelemetry.api.trace.Span;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Produces feedback that came over HTTP to the feedback topic.
 *
 * <p>Idempotent producer: a retry does not double a record. {@link #publish} may block for some
 * seconds when the broker is away, so it is no call for an event loop. Once it was found away,
 * further feedback is refused at once for {@link #PAUSE_MS}; then one piece tries again. A producer
 * that failed for good is replaced. Thread-safe.
 */
public final class FeedbackPublisher implements AutoCloseable {

  /** After a failure nothing is sent for so long. */
  static final int PAUSE_MS = 3_000;

  private static final Logger LOG = LoggerFactory.getLogger(FeedbackPublisher.class);

  private static final int BLOCK_MS = 5_000;
  private static final int DELIVERY_MS = 10_000;
  private static final long MS = 1_000_000;

  private final Supplier<Producer<byte[], byte[]>> opener;
  private final String topic;
  private final MeterRegistry meters;
  private final LongSupplier nanos;
  // Guarded by this; it is never held while a producer closes, which waits for its callbacks.
  private @Nullable Producer<byte[], byte[]> producer;
  private @Nullable KafkaClientMetrics clientMetrics;
  private @Nullable Producer<byte[], byte[]> broken;
  // Written under the lock, read by health and the event loop, which wait for nobody.
  private volatile boolean open;
  private volatile @Nullable Throwable failure;
  private volatile long tryAgainAt;

  /** A publisher to the topic of that full name; it opens its producer at the start. */
  public FeedbackPublisher(Map<String, Object> kafka, String topic, MeterRegistry meters) {
    this(() -> producer(kafka), topic, meters, System::nanoTime);
  }

  FeedbackPublisher(
      Supplier<Producer<byte[], byte[]>> opener,
      String topic,
      MeterRegistry meters,
      LongSupplier nanos) {
    this.opener = opener;
    this.topic = topic;
    this.meters = meters;
    this.nanos = nanos;
  }

  private static Producer<byte[], byte[]> producer(Map<String, Object> kafka) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, "weir-inference-feedback");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MS);
    return KafkaClients.producer(properties);
  }

  /** Opens the producer. */
  public synchronized void start() {
    if (!open) {
      Producer<byte[], byte[]> ignored = opened();
      open = true;
    }
  }

  /** Whether feedback can be written. */
  public Status status() {
    Throwable failed = failure;
    if (failed != null) {
      return new Status.Down("feedback over HTTP is not accepted by Kafka: " + failed.getMessage());
    }
    return open
        ? new Status.Up("feedback over HTTP is written as it comes")
        : new Status.Down("not started");
  }

  /**
   * Refuses at once while the broker was found away just now.
   *
   * @throws FeedbackNotSentException if it was
   */
  public void requireBroker() {
    Throwable failed = failure;
    if (failed != null && nanos.getAsLong() - tryAgainAt < 0) {
      throw unavailable(failed);
    }
  }

  /**
   * Sends one piece of feedback; the future fails with a {@link FeedbackNotSentException}.
   *
   * @param span what the record belongs to, for those who trace
   */
  public CompletableFuture<InputPosition> publish(Feedback feedback, Span span) {
    Producer<byte[], byte[]> sending = begin();
    CompletableFuture<InputPosition> done = new CompletableFuture<>();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, key(feedback), EventJson.write(feedback));
    Tracing.into(span, record.headers());
    try {
      Future<RecordMetadata> ignored =
          sending.send(
              record,
              (metadata, problem) -> {
                if (problem != null) {
                  done.completeExceptionally(failed(sending, problem));
                } else {
                  succeeded(sending);
                  done.complete(
                      new InputPosition(metadata.topic(), metadata.partition(), metadata.offset()));
                }
              });
    } catch (KafkaException | IllegalStateException e) {
      done.completeExceptionally(failed(sending, e));
    }
    return done;
  }

  /** The producer; after a failure for one piece of feedback at a time. */
  private Producer<byte[], byte[]> begin() {
    Producer<byte[], byte[]> old;
    Producer<byte[], byte[]> current;
    synchronized (this) {
      if (!open) {
        throw new FeedbackNotSentException(
            Kind.CLOSING, "the service is not open; ask another replica", null);
      }
      requireBroker();
      if (failure != null) {
        // Until this one's fate is known.
        tryAgainAt = nanos.getAsLong() + (BLOCK_MS + DELIVERY_MS) * MS;
      }
      try {
        current = opened();
      } catch (KafkaException e) {
        tryAgainAt = nanos.getAsLong() + PAUSE_MS * MS;
        failure = e;
        throw unavailable(e);
      }
      old = broken;
      broken = null;
    }
    if (old != null) {
      old.close(Duration.ZERO);
    }
    return current;
  }

  private Producer<byte[], byte[]> opened() {
    Producer<byte[], byte[]> current = producer;
    if (current == null) {
      current = opener.get();
      producer = current;
      clientMetrics = new KafkaClientMetrics(current, List.of(Tag.of("role", "feedback")));
      clientMetrics.bindTo(meters);
    }
    return current;
  }

  private synchronized void succeeded(Producer<byte[], byte[]> sent) {
    if (sent == producer) {
      failure = null;
    }
  }

  private synchronized FeedbackNotSentException failed(
      Producer<byte[], byte[]> sent, Throwable problem) {
    if (ProducerFaults.ofTheRecord(problem)) {
      return new FeedbackNotSentException(
          Kind.RECORD_REFUSED,
          "Kafka does not take this feedback: " + problem.getMessage() + "; make it smaller",
          problem);
    }
    if (sent == producer) {
      if (failure == null) {
        LOG.warn("feedback over HTTP is not accepted by Kafka; 503 until it is", problem);
      }
      failure = problem;
      tryAgainAt = nanos.getAsLong() + PAUSE_MS * MS;
      if (ProducerFaults.forGood(problem)) {
        LOG.warn("the producer of feedback failed for good; another one takes its place");
        broken = sent;
        producer = null;
        closeMetrics();
      }
    }
    return unavailable(problem);
  }

  /** Feedback on one review stays in order; feedback on a bare text needs no order. */
  private static byte[] key(Feedback feedback) {
    String key = feedback.reviewId() != null ? feedback.reviewId() : feedback.id();
    return (key != null ? key : UUID.randomUUID().toString()).getBytes(StandardCharsets.UTF_8);
  }

  private static FeedbackNotSentException unavailable(Throwable cause) {
    return new FeedbackNotSentException(
        Kind.BROKER_UNAVAILABLE,
        "the feedback was not accepted by Kafka: " + cause.getMessage() + "; send it again later",
        cause);
  }

  private void closeMetrics() {
    if (clientMetrics != null) {
      clientMetrics.close();
      clientMetrics = null;
    }
  }

  @Override
  public void close() {
    Producer<byte[], byte[]> old;
    Producer<byte[], byte[]> closing;
    synchronized (this) {
      open = false;
      closeMetrics();
      old = broken;
      broken = null;
      closing = producer;
      producer = null;
    }
    if (old != null) {
      old.close(Duration.ZERO);
    }
    if (closing != null) {
      closing.close(Duration.ofMillis(DELIVERY_MS));
    }
  }
}
