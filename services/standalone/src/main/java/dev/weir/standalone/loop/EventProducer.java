package dev.weir.standalone.loop;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.process.BrokerUnavailableException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Sends events, idempotently and in the order given per key.
 *
 * <p>Thread-safe. A failed send is reported by the next {@link #send} or by {@link #flush}. Whoever
 * opened it closes it; closing sends what is left.
 */
public final class EventProducer implements AutoCloseable {

  private final KafkaProducer<byte[], byte[]> producer;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private final String servers;

  /** A producer to the cluster of these client properties. */
  public EventProducer(Map<String, Object> kafka) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put("acks", "all");
    properties.put("linger.ms", "5");
    properties.put("compression.type", "zstd");
    properties.put("max.request.size", Integer.toString(Topics.MAX_MESSAGE_BYTES));
    properties.put("max.block.ms", "15000");
    properties.put("delivery.timeout.ms", "30000");
    properties.put("request.timeout.ms", "15000");
    this.servers = String.valueOf(kafka.get("bootstrap.servers"));
    try {
      this.producer = KafkaClients.producer(properties);
    } catch (KafkaException e) {
      throw unusable(properties, e);
    }
  }

  /** Why no client can be made of these properties, such as a host that nobody knows. */
  static BrokerUnavailableException unusable(Map<String, Object> kafka, KafkaException fault) {
    Throwable root = fault;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return new BrokerUnavailableException(
        "no Kafka client for %s: %s; check --bootstrap-servers (WEIR_BOOTSTRAP_SERVERS) and WEIR_KAFKA_CLIENT_CONFIG"
            .formatted(kafka.get("bootstrap.servers"), root.getMessage()),
        fault);
  }

  /** Sends an event in its JSON form. */
  public void send(String topic, String key, Object event) {
    sendBytes(topic, key.getBytes(StandardCharsets.UTF_8), EventJson.write(event));
  }

  /** Sends bytes as they are. */
  public void sendBytes(String topic, byte @Nullable [] key, byte[] value) {
    throwFailure();
    var unused =
        producer.send(
            new ProducerRecord<>(topic, key, value),
            (metadata, exception) -> {
              if (exception != null) {
                failure.compareAndSet(null, exception);
              }
            });
  }

  /**
   * Waits until everything sent is acknowledged.
   *
   * @throws BrokerUnavailableException if something could not be sent
   */
  public void flush() {
    producer.flush();
    throwFailure();
  }

  private void throwFailure() {
    Exception failed = failure.get();
    if (failed != null) {
      String remedy =
          failed instanceof TimeoutException
              ? "; check that Kafka runs at " + servers + " and that --bootstrap-servers names it"
              : "";
      throw new BrokerUnavailableException(
          "cannot produce: " + failed.getMessage() + remedy, failed);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(10));
  }
}
