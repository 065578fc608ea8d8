package dev.weir.inference.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Writes at least once: the offsets are committed when all answers are acknowledged. A failure in
 * between makes the reviews be read again and answered twice; the keys, the review ids, tell.
 */
final class AcknowledgedWriter implements AnswerWriter {

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  private final Supplier<KafkaProducer<byte[], byte[]>> opener;
  private final StreamMeters meters;
  private @Nullable OpenProducer open;

  AcknowledgedWriter(Supplier<KafkaProducer<byte[], byte[]>> opener, StreamMeters meters) {
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
    long began = System.nanoTime();
    try {
      send(ready().producer(), records);
      commit(consumer, offsets);
      meters.committed(began);
    } catch (RuntimeException e) {
      meters.rolledBack(e);
      // An idempotent producer that lost a record refuses to go on in some cases: take a new one.
      discard(Duration.ZERO);
      throw e;
    }
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
    for (ProducerRecord<byte[], byte[]> record : records) {
      sent.add(producer.send(record));
    }
    producer.flush();
    for (Future<RecordMetadata> each : sent) {
      acknowledged(each);
    }
  }

  private static void acknowledged(Future<RecordMetadata> sent) {
    try {
      sent.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException kafka
          ? kafka
          : new KafkaException("an answer was not acknowledged", e.getCause());
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  private static void commit(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, OffsetAndMetadata> offsets) {
    try {
      consumer.commitSync(offsets);
    } catch (WakeupException e) {
      // Closing woke the consumer up here instead of in its poll: what is answered is committed.
      consumer.commitSync(offsets);
    }
  }

  private OpenProducer ready() {
    OpenProducer current = open;
    if (current == null) {
      current = OpenProducer.of(opener.get(), meters);
      open = current;
    }
    return current;
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
