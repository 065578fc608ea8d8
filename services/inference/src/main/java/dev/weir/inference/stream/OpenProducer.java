package dev.weir.inference.stream;

import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.KafkaProducer;

/**
 * A producer and its metrics, which come and go together.
 *
 * @param producer the producer
 * @param metrics its own metrics, bound to the process's registry
 */
record OpenProducer(KafkaProducer<byte[], byte[]> producer, KafkaClientMetrics metrics) {

  static OpenProducer of(KafkaProducer<byte[], byte[]> producer, StreamMeters meters) {
    KafkaClientMetrics metrics =
        new KafkaClientMetrics(producer, List.of(Tag.of("role", "classifications")));
    metrics.bindTo(meters.registry());
    return new OpenProducer(producer, metrics);
  }

  void close(Duration timeout) {
    metrics.close();
    producer.close(timeout);
  }
}
