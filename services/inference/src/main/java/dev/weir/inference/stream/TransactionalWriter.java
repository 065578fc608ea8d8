package dev.weir.inference.stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes records and the offsets they came from in one transaction.
 *
 * <p>After any failure the transaction is aborted; where that is not possible (fenced, timed out in
 * the commit), the producer is replaced, and its successor's first act makes the broker finish what
 * the old one left. Either way the caller goes on from the committed offsets. Belongs to the thread
 * {@code review-stream}.
 */
final class TransactionalWriter implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TransactionalWriter.class);

  private static final int COMMIT_TRIES = 2;

  private final Supplier<KafkaProducer<byte[], byte[]>> opener;
  private final StreamMeters meters;
  private @Nullable KafkaProducer<byte[], byte[]> producer;
  private @Nullable KafkaClientMetrics clientMetrics;

  TransactionalWriter(Supplier<KafkaProducer<byte[], byte[]>> opener, StreamMeters meters) {
    this.opener = opener;
    this.meters = meters;
  }

  /**
   * Opens the producer if there is none, and fences an earlier process of the same instance.
   *
   * @throws KafkaException if the broker does not answer in time
   */
  void open() {
    ready();
  }

  /**
   * Writes and commits.
   *
   * @throws KafkaException if nothing was committed, or nobody knows: read the committed offsets
   */
  void write(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      ConsumerGroupMetadata group) {
    KafkaProducer<byte[], byte[]> current = ready();
    long began = System.nanoTime();
    try {
      current.beginTransaction();
      for (ProducerRecord<byte[], byte[]> record : records) {
        // A failed send fails the commit; its own future says nothing more.
        Future<RecordMetadata> ignored = current.send(record);
      }
      current.sendOffsetsToTransaction(offsets, group);
      commit(current);
      meters.committed(began);
    } catch (KafkaException e) {
      meters.rolledBack();
      rollBack(current, e);
      throw e;
    }
  }

  private static void commit(KafkaProducer<byte[], byte[]> current) {
    for (int attempt = 1; ; attempt++) {
      try {
        current.commitTransaction();
        return;
      } catch (TimeoutException e) {
        // The outcome is open; committing again is the only call that the producer allows now.
        if (attempt == COMMIT_TRIES) {
          throw e;
        }
      }
    }
  }

  private void rollBack(KafkaProducer<byte[], byte[]> current, KafkaException cause) {
    try {
      current.abortTransaction();
    } catch (KafkaException | IllegalStateException e) {
      LOG.warn("the transaction cannot be aborted; replacing the producer", e);
      cause.addSuppressed(e);
      discard();
    }
  }

  private KafkaProducer<byte[], byte[]> ready() {
    KafkaProducer<byte[], byte[]> current = producer;
    if (current == null) {
      current = opener.get();
      producer = current;
      clientMetrics = bind(current, meters.registry());
      try {
        current.initTransactions();
      } catch (KafkaException e) {
        discard();
        throw e;
      }
    }
    return current;
  }

  private static KafkaClientMetrics bind(
      KafkaProducer<byte[], byte[]> producer, MeterRegistry registry) {
    KafkaClientMetrics bound =
        new KafkaClientMetrics(producer, List.of(Tag.of("role", "classifications")));
    bound.bindTo(registry);
    return bound;
  }

  private void discard() {
    close(Duration.ZERO);
  }

  private void close(Duration timeout) {
    if (clientMetrics != null) {
      clientMetrics.close();
      clientMetrics = null;
    }
    if (producer != null) {
      producer.close(timeout);
      producer = null;
    }
  }

  @Override
  public void close() {
    close(Duration.ofSeconds(10));
  }
}
