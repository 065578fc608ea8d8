package dev.weir.inference.stream;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Real clients that stop at one point of one write, where the test has something happen. */
final class HookedClients extends StreamClients {

  /** Where a write stops. */
  enum Point {
    /** The answers were handed to the producer; nothing else was. */
    BEFORE_OFFSETS,
    /** Answers and offsets are in the transaction, which is open. */
    BEFORE_COMMIT,
    /** Without transactions: before the answers' acknowledgements are awaited. */
    BEFORE_FLUSH
  }

  private final Point point;
  private final int write;
  private final Consumer<KafkaProducer<byte[], byte[]>> hook;
  private final AtomicInteger writes = new AtomicInteger();

  /**
   * Clients with a hook.
   *
   * @param write which write stops, from 1
   * @param hook runs on the stream's thread
   */
  HookedClients(
      StreamConfig config, Point point, int write, Consumer<KafkaProducer<byte[], byte[]>> hook) {
    super(config, 0);
    this.point = point;
    this.write = write;
    this.hook = hook;
  }

  private void at(Point reached, KafkaProducer<byte[], byte[]> producer) {
    if (reached == point && writes.incrementAndGet() == write) {
      hook.accept(producer);
    }
  }

  @Override
  KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        producerProperties(), new ByteArraySerializer(), new ByteArraySerializer()) {

      @Override
      public void sendOffsetsToTransaction(
          Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
        at(Point.BEFORE_OFFSETS, this);
        super.sendOffsetsToTransaction(offsets, group);
      }

      @Override
      public void commitTransaction() {
        at(Point.BEFORE_COMMIT, this);
        super.commitTransaction();
      }

      @Override
      public void flush() {
        at(Point.BEFORE_FLUSH, this);
        super.flush();
      }
    };
  }
}
