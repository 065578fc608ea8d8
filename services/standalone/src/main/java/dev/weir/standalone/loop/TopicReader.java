package dev.weir.standalone.loop;

import dev.weir.service.kafka.KafkaClients;
import dev.weir.service.process.BrokerUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Reads all partitions of some topics without a consumer group: committed records only, from the
 * beginning or from the end as it was at the opening.
 *
 * <p>For one thread. Whoever opened it closes it.
 */
public final class TopicReader implements AutoCloseable {

  private final KafkaConsumer<byte[], byte[]> consumer;

  private TopicReader(KafkaConsumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /**
   * Opens a reader.
   *
   * @throws BrokerUnavailableException if the broker does not answer, or has no such topic
   */
  public static TopicReader open(
      Map<String, Object> kafka, List<String> topics, boolean fromBeginning) {
    Map<String, Object> properties = KafkaClients.readingAlone(kafka);
    properties.put("default.api.timeout.ms", "15000");
    properties.put("fetch.max.wait.ms", "100");
    KafkaConsumer<byte[], byte[]> consumer = consumer(properties);
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics) {
        List<PartitionInfo> known = consumer.partitionsFor(topic);
        if (known == null || known.isEmpty()) {
          throw new BrokerUnavailableException(
              "topic "
                  + topic
                  + " does not exist; start the services first (weir up), or see --topic-prefix",
              new IllegalStateException("no partitions"));
        }
        known.forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
      }
      consumer.assign(partitions);
      if (fromBeginning) {
        consumer.seekToBeginning(partitions);
      } else {
        consumer.seekToEnd(partitions);
      }
      // seek is lazy: without this, "the end" would be the end at the first poll.
      partitions.forEach(consumer::position);
      return new TopicReader(consumer);
    } catch (TimeoutException e) {
      consumer.close();
      throw new BrokerUnavailableException(
          "no answer from Kafka at "
              + kafka.get("bootstrap.servers")
              + " within 15 s; check that it runs and that --bootstrap-servers"
              + " (WEIR_BOOTSTRAP_SERVERS) names it",
          e);
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> properties) {
    try {
      return KafkaClients.consumer(properties);
    } catch (KafkaException e) {
      throw EventProducer.unusable(properties, e);
    }
  }

  /** The next records, waiting at most {@code timeout}. */
  public List<ConsumerRecord<byte[], byte[]>> poll(Duration timeout) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    consumer.poll(timeout).forEach(records::add);
    return records;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
