package dev.weir.curation;

import dev.weir.common.topic.Topics;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The Kafka Streams properties for a configuration. */
final class StreamsProperties {

  /**
   * The largest record that Weir itself writes: an accepted feedback record on its way, with the
   * text of a review beside it, which JSON's escapes may blow up sixfold.
   */
  static final int MAX_INTERNAL_BYTES = Topics.MAX_MESSAGE_BYTES + (1 << 20);

  private StreamsProperties() {}

  static Properties of(CurationConfig config) {
    Properties properties = new Properties();
    properties.putAll(config.kafka());
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, config.applicationId());
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.threads());
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, config.commitInterval().toMillis());
    properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, config.replication());
    properties.put(StreamsConfig.STATE_DIR_CONFIG, config.stateDir().toString());
    properties.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedRocksDb.class);
    properties.put(BoundedRocksDb.MEMORY_BYTES, config.storeMemoryBytes());
    properties.put(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, RecordTime.class);
    // A transaction meets the end of the one before it; at the default back-off that costs 100 ms.
    producer(properties, ProducerConfig.RETRY_BACKOFF_MS_CONFIG, 2);
    producer(properties, ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 20);
    producer(properties, ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd");
    producer(
        properties,
        ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
        Math.max(Topics.MAX_DEAD_LETTER_BYTES, MAX_INTERNAL_BYTES));
    properties.put(
        StreamsConfig.topicPrefix(TopicConfig.MAX_MESSAGE_BYTES_CONFIG), MAX_INTERNAL_BYTES);
    return properties;
  }

  private static void producer(Properties properties, String name, Object value) {
    properties.put(StreamsConfig.producerPrefix(name), value);
  }
}
