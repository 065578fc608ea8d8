package dev.weir.inference.stream;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes the answers of a poll and commits the offsets it came from; the two implementations are
 * the two kinds of {@link Delivery}. Belongs to the thread of its stream, which closes it.
 */
interface AnswerWriter extends AutoCloseable {

  /**
   * Opens the producer if there is none, which settles what an earlier one of the same id left.
   *
   * @throws KafkaException if the broker does not answer in time
   */
  void open();

  /**
   * Writes and commits.
   *
   * @param consumer whose group the offsets belong to
   * @throws KafkaException if not all of it is committed, or nobody knows: go on from the committed
   *     offsets
   * @throws RuntimeException if a record cannot be sent as it is; nothing of it is committed
   */
  void write(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      KafkaConsumer<byte[], byte[]> consumer);

  @Override
  void close();
}
