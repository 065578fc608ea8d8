package dev.weir.inference.http;

import dev.weir.common.event.EventJson;
import dev.weir.common.event.Feedback;
import dev.weir.common.event.InputPosition;
import dev.weir.common.trace.Tracing;
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
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Produces feedback that came over HTTP to the feedback topic.
 *
 * <p>Idempotent producer: a retry does not double a record. Thread-safe; {@link #publish} may block
 * for some seconds when the broker is away, so it is no call for an event loop.
 */
public final class FeedbackPublisher implements AutoCloseable {

  private static final int BLOCK_MS = 5_000;
  private static final int DELIVERY_MS = 10_000;

  private final Map<String, Object> kafka;
  private final String topic;
  private final MeterRegistry meters;
  private @Nullable KafkaProducer<byte[], byte[]> producer;
  private @Nullable KafkaClientMetrics clientMetrics;

  /** A publisher to the topic of that full name; it opens its producer at the start. */
  public FeedbackPublisher(Map<String, Object> kafka, String topic, MeterRegistry meters) {
    this.kafka = new HashMap<>(kafka);
    this.topic = topic;
    this.meters = meters;
  }

  /** Opens the producer. */
  public synchronized void start() {
    if (producer != null) {
      return;
    }
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, "weir-inference-feedback");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, BLOCK_MS);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MS);
    producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    clientMetrics = new KafkaClientMetrics(producer, List.of(Tag.of("role", "feedback")));
    clientMetrics.bindTo(meters);
  }

  /**
   * Sends one piece of feedback; the future fails with a {@link Problem} (503).
   *
   * @param span what the record belongs to, for those who trace
   */
  CompletableFuture<InputPosition> publish(Feedback feedback, Span span) {
    KafkaProducer<byte[], byte[]> open = open();
    CompletableFuture<InputPosition> done = new CompletableFuture<>();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, key(feedback), EventJson.write(feedback));
    Tracing.into(span, record.headers());
    try {
      Future<RecordMetadata> ignored =
          open.send(
              record,
              (metadata, problem) -> {
                if (problem != null) {
                  done.completeExceptionally(unavailable(problem));
                } else {
                  done.complete(
                      new InputPosition(metadata.topic(), metadata.partition(), metadata.offset()));
                }
              });
    } catch (KafkaException e) {
      done.completeExceptionally(unavailable(e));
    }
    return done;
  }

  private synchronized KafkaProducer<byte[], byte[]> open() {
    if (producer == null) {
      throw new Problem(503, "closing", "the service is not open; ask another replica")
          .retryAfter(1);
    }
    return producer;
  }

  /** Feedback on one review stays in order; feedback on a bare text needs no order. */
  private static byte[] key(Feedback feedback) {
    String key = feedback.reviewId() != null ? feedback.reviewId() : feedback.id();
    return (key != null ? key : UUID.randomUUID().toString()).getBytes(StandardCharsets.UTF_8);
  }

  private static Problem unavailable(Throwable cause) {
    return new Problem(
            503,
            "broker-unavailable",
            "the feedback was not accepted by Kafka: "
                + cause.getMessage()
                + "; send it again later",
            cause)
        .retryAfter(5);
  }

  @Override
  public synchronized void close() {
    if (clientMetrics != null) {
      clientMetrics.close();
      clientMetrics = null;
    }
    if (producer != null) {
      producer.close(Duration.ofMillis(DELIVERY_MS));
      producer = null;
    }
  }
}
