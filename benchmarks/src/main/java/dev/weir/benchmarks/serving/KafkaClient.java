package dev.weir.benchmarks.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A producer of reviews and a read-committed consumer of their answers, from the topic's end on.
 *
 * <p>{@link #send} may be called from any thread, {@link #poll} from one at a time.
 */
public final class KafkaClient implements AutoCloseable {
  private static final Duration METADATA = Duration.ofSeconds(30);

  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String reviews;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  /** Opens both on the named topics, which exist. */
  public KafkaClient(Map<String, Object> kafka, String reviews, String answers) {
    this.reviews = reviews;
    Map<String, Object> sending = new HashMap<>(kafka);
    // What the client's own waiting adds is none of the service's: the default is 5 ms.
    sending.putIfAbsent("linger.ms", 0);
    producer = new KafkaProducer<>(sending, new ByteArraySerializer(), new ByteArraySerializer());
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put("isolation.level", "read_committed");
    properties.put("enable.auto.commit", false);
    consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(answers, METADATA).stream()
            .map(info -> new TopicPartition(answers, info.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    // Seeking is lazy: asked for later, the end would be behind the first answers.
    partitions.forEach(partition -> consumer.position(partition, METADATA));
  }

  /**
   * Produces a review.
   *
   * @param partition where to, or {@code null} for the producer's choice by id
   */
  public void send(String id, String text, @Nullable Integer partition) {
    byte[] value = EventJson.write(Review.of(id, text));
    Future<RecordMetadata> ignored =
        producer.send(
            new ProducerRecord<>(reviews, partition, id.getBytes(UTF_8), value),
            (metadata, problem) -> {
              if (problem != null) {
                failure.compareAndSet(null, problem);
              }
            });
  }

  /** Answers that came meanwhile. */
  public Iterable<ConsumerRecord<byte[], byte[]>> poll(Duration timeout) {
    Exception problem = failure.get();
    if (problem != null) {
      throw new IllegalStateException("a review was not written", problem);
    }
    return consumer.poll(timeout);
  }

  @Override
  public void close() {
    producer.close(METADATA);
    consumer.close();
  }
}
