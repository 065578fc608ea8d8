package dev.weir.inference.stream;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.KafkaConsumer;
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
 * Writes exactly once: records and the offsets they came from are in one transaction.
 *
 * <p>After any failure the transaction is aborted; where that is not possible (fenced, timed out in
 * the commit), the producer is replaced, and its successor's first act makes the broker finish what
 * the old one left. Either way the caller goes on from the committed offsets.
 */
final class TransactionalWriter implements AnswerWriter {

  private static final Logger LOG = LoggerFactory.getLogger(TransactionalWriter.class);

  private static final int COMMIT_TRIES = 2;
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  private final Supplier<KafkaProducer<byte[], byte[]>> opener;
  private final StreamMeters meters;
  private @Nullable OpenProducer open;

  TransactionalWriter(Supplier<KafkaProducer<byte[], byte[]>> opener, StreamMeters meters) {
    this.opener = opener;
    this.meters = meters;
  }

  @Override
  public void open() {
    ready();
  }

  @Override
  public void write(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      KafkaConsumer<byte[], byte[]> consumer) {
    KafkaProducer<byte[], byte[]> current = ready();
    long began = System.nanoTime();
    try {
      current.beginTransaction();
      for (ProducerRecord<byte[], byte[]> record : records) {
        // A failed send fails the commit; its own future says nothing more.
        Future<RecordMetadata> ignored = current.send(record);
      }
      current.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
      commit(current);
      meters.committed(began);
    } catch (RuntimeException e) {
      meters.rolledBack(e);
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

  private void rollBack(KafkaProducer<byte[], byte[]> current, RuntimeException cause) {
    try {
      current.abortTransaction();
    } catch (KafkaException | IllegalStateException e) {
      LOG.warn("the transaction cannot be aborted; replacing the producer", e);
      cause.addSuppressed(e);
      discard(Duration.ZERO);
    }
  }

  private KafkaProducer<byte[], byte[]> ready() {
    OpenProducer current = open;
    if (current == null) {
      current = OpenProducer.of(opener.get(), meters);
      open = current;
      try {
        current.producer().initTransactions();
      } catch (KafkaException e) {
        discard(Duration.ZERO);
        throw e;
      }
    }
    return current.producer();
  }

  private void discard(Duration timeout) {
    if (open != null) {
      open.close(timeout);
      open = null;
    }
  }

  @Override
  public void close() {
    discard(CLOSE_TIMEOUT);
  }
}
