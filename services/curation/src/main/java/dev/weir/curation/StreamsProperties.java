package dev.weir.curation;

import dev.weir.contract.topic.Topics;
import java.time.InstantSource;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The Kafka Streams properties for a configuration. */
final class StreamsProperties {

  /**
   * The largest record that an internal topic takes. Larger than what curation writes now: what an
   * earlier version wrote may still be on its way.
   */
  static final int MAX_INTERNAL_BYTES = Topics.MAX_MESSAGE_BYTES + (1 << 20);

  /** After this time without a heartbeat a member's partitions are given to others. */
  static final int SESSION_TIMEOUT_MS = 8_000;

  private static final int HEARTBEAT_MS = 2_000;

  /**
   * Records per poll and buffered per partition. Each has up to 640 KiB, and somebody may send
   * nothing else. Kafka Streams pauses a partition that has more than are to be buffered, so it
   * holds both numbers together at most: with 12 partitions each of the three inputs and 4 of the
   * two internal topics 44 × 8 × 640 KiB, 220 MiB of the 410 MiB of heap that a container of the
   * shipped size has.
   */
  private static final int BUFFERED_RECORDS = 4;

  private static final int POLLED_RECORDS = 4;

  private static final int RESTORED_RECORDS = 100;

  /** Compressed, as it comes from the broker; unpacked one record after the other. */
  private static final int FETCH_BYTES = 8 << 20;

  private static final int PARTITION_FETCH_BYTES = 512 << 10;

  private StreamsProperties() {}

  static Properties of(CurationConfig config, RecordFaults faults, InstantSource clock) {
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
    properties.put(RecordTime.CLOCK, clock);
    properties.put(
        StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG,
        LastResort.OfDeserialization.class);
    properties.put(
        StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, LastResort.OfProcessing.class);
    properties.put(
        StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG, LastResort.OfProduction.class);
    properties.put(RecordFaults.PROPERTY, faults);
    consumers(properties);
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
    properties.put(
        StreamsConfig.topicPrefix(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG),
        InternalTopics.ANY_TIME);
    return properties;
  }

  private static void consumers(Properties properties) {
    properties.putIfAbsent(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MS);
    properties.putIfAbsent(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, HEARTBEAT_MS);
    properties.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), POLLED_RECORDS);
    properties.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, BUFFERED_RECORDS);
    properties.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), FETCH_BYTES);
    properties.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG),
        PARTITION_FETCH_BYTES);
    properties.put(
        StreamsConfig.restoreConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG),
        RESTORED_RECORDS);
  }

  private static void producer(Properties properties, String name, Object value) {
    properties.put(StreamsConfig.producerPrefix(name), value);
  }
}
