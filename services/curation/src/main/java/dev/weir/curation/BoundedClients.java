package dev.weir.curation;

import dev.weir.service.kafka.ClockStep;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaClientSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kafka Streams' clients, with a consumer that bounds what a record of an input may bring, that
 * reads an input which was made anew from its beginning, and that ends its thread when the clock
 * was set back.
 */
final class BoundedClients implements KafkaClientSupplier {

  private static final Logger LOG = LoggerFactory.getLogger(BoundedClients.class);

  private final Set<String> inputs;
  private final BoundedRecords bounds;
  private final RenewedTopics renewed;

  BoundedClients(Set<String> inputs, BoundedRecords bounds, RenewedTopics renewed) {
    this.inputs = inputs;
    this.bounds = bounds;
    this.renewed = renewed;
  }

  @Override
  public Admin getAdmin(Map<String, Object> config) {
    return Admin.create(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    RenewedTopics.Heard heard = renewed.new Heard();
    ClockStep clock = new ClockStep();
    return new KafkaConsumer<>(config, new BoundedBytes(inputs), new BoundedBytes(inputs)) {
      @Override
      public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        // The thread ends by it, and another one takes its place with clients of its own.
        clock.requireNotSetBack();
        beginAnew(this, heard.news());
        return bounds.of(super.poll(timeout));
      }
    };
  }

  private static void beginAnew(Consumer<?, ?> consumer, Set<String> topics) {
    List<TopicPartition> own =
        consumer.assignment().stream().filter(each -> topics.contains(each.topic())).toList();
    if (!topics.isEmpty() && !own.isEmpty()) {
      LOG.warn("{} are read from their beginning, for their topics were made anew", own);
      consumer.seekToBeginning(own);
    }
  }

  @Override
  public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @Override
  public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
