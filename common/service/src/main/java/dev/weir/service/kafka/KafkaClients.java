package dev.weir.service.kafka;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Kafka clients of all services: keys and values are bytes, and every consumer reads in the
 * same way. A caller adds what its own client needs, and closes the client.
 */
public final class KafkaClients {

  private KafkaClients() {}

  /**
   * Properties of a consumer: committed records only, from the beginning where nothing is committed
   * yet, offsets committed by the caller alone. A consumer creates no topic, since it would be
   * created without our settings.
   *
   * @param kafka the client properties of the process
   * @return a map that the caller may change
   */
  public static Map<String, Object> reading(Map<String, Object> kafka) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return properties;
  }

  /**
   * The same for a consumer that is in no group, also where the client properties of the process
   * name one.
   */
  public static Map<String, Object> readingAlone(Map<String, Object> kafka) {
    Map<String, Object> properties = reading(kafka);
    properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
    properties.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
    return properties;
  }

  /** A consumer of bytes. */
  public static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> properties) {
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** A producer of bytes. */
  public static KafkaProducer<byte[], byte[]> producer(Map<String, Object> properties) {
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
