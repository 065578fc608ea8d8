package dev.weir.inference.stream;

import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.KafkaClients;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Opens the Kafka clients of one review stream.
 *
 * <p>What correctness hangs on is fixed here. The rest are defaults that the user's client
 * properties override; docs/kafka-settings.md says what each of them buys.
 */
class StreamClients {

  /**
   * A transaction spans only the writing of one poll's answers. What a crashed process left open
   * keeps its partitions from being read for so long, unless it comes back under its own id.
   */
  private static final int TRANSACTION_TIMEOUT_MS = 5_000;

  /** With the tries of a commit, this bounds how long closing waits for a broker that is away. */
  private static final int BLOCK_MS = 10_000;

  /**
   * The same bound without transactions; the client wants more than its request timeout of 30 s.
   */
  private static final int DELIVERY_TIMEOUT_MS = 40_000;

  private static final int MAX_POLL_INTERVAL_MS = 300_000;

  /**
   * How long a member that was killed keeps its partitions. Heartbeats have a thread of their own,
   * so scorers that are slow do not miss them.
   */
  private static final int SESSION_TIMEOUT_MS = 8_000;

  private static final int HEARTBEAT_MS = 2_000;

  /**
   * Records of one poll of the client, several of which make a transaction: what they unpack to is
   * known only when they are there, and a batch of 7 MB may unpack to a gigabyte.
   */
  private static final int POLL_RECORDS = 16;

  private static final int FETCH_BYTES = 2 * Topics.MAX_MESSAGE_BYTES;

  private final StreamConfig config;
  private final int stream;

  /**
   * Clients of the {@code stream}-th stream of this process.
   *
   * @param stream from 0
   */
  StreamClients(StreamConfig config, int stream) {
    this.config = config;
    this.stream = stream;
  }

  /** The longest time between two polls before the group throws its member out. */
  Duration maxPollInterval() {
    Object ms = config.kafka().getOrDefault(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, "");
    String text = String.valueOf(ms).strip();
    return Duration.ofMillis(text.isEmpty() ? MAX_POLL_INTERVAL_MS : Long.parseLong(text));
  }

  /** Most records that a poll of the consumer returns. */
  int pollRecords() {
    return Math.min(POLL_RECORDS, config.pollRecords());
  }

  KafkaConsumer<byte[], byte[]> consumer() {
    Map<String, Object> properties = KafkaClients.reading(config.kafka());
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, config.group());
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, "weir-inference-reviews-" + stream);
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, pollRecords());
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_MESSAGE_BYTES);
    properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
    properties.putIfAbsent(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, MAX_POLL_INTERVAL_MS);
    properties.putIfAbsent(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MS);
    properties.putIfAbsent(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, HEARTBEAT_MS);
    return KafkaClients.consumer(properties);
  }

  KafkaProducer<byte[], byte[]> producer() {
    return KafkaClients.producer(producerProperties());
  }

  Map<String, Object> producerProperties() {
    Map<String, Object> properties = new HashMap<>(config.kafka());
    properties.put(ProducerConfig.CLIENT_ID_CONFIG, "weir-inference-classifications-" + stream);
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 2 * Topics.MAX_DEAD_LETTER_BYTES);
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    if (config.delivery() == Delivery.EXACTLY_ONCE) {
      properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, config.transactionalId(stream));
      properties.putIfAbsent(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MS);
    } else {
      properties.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_TIMEOUT_MS);
    }
    properties.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd");
    // A partition that joins a transaction right after the last one ended is refused for a moment.
    // At the client's default pause of 100 ms that alone makes the median latency 70 ms.
    properties.putIfAbsent(ProducerConfig.RETRY_BACKOFF_MS_CONFIG, 2);
    properties.putIfAbsent(ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, 20);
    properties.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
    properties.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MS);
    return properties;
  }
}
