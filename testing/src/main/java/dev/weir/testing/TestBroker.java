package dev.weir.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * The one Kafka broker that all integration tests of a JVM share: a container where Docker answers,
 * the embedded broker otherwise. It starts at the first use and is closed as the JVM ends. Topics
 * are not created by use; tests keep apart by naming theirs with {@link #uniquePrefix}.
 *
 * <p>Thread-safe.
 */
public final class TestBroker {
  private static final Duration TOPIC_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final int SHOWN_VALUE_CHARS = 80;

  private TestBroker() {}

  /** Host and port of the broker, which is started where it does not run yet. */
  public static String bootstrapServers() {
    return SharedBroker.BOOTSTRAP_SERVERS;
  }

  /** A prefix for topics, groups and transactional ids that no other caller has got. */
  public static String uniquePrefix() {
    return "t" + UUID.randomUUID().toString().substring(0, 8) + "-";
  }

  /** A new client for administration; the caller closes it. */
  public static Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", bootstrapServers()));
  }

  /** Creates topics and returns once all of their partitions have a leader that answers. */
  public static void createTopics(int partitions, String... topics) {
    var created = Arrays.stream(topics).map(topic -> new NewTopic(topic, partitions, (short) 1));
    try (Admin admin = admin()) {
      admin.createTopics(created.toList()).all().get();
      var latest =
          Arrays.stream(topics)
              .flatMap(topic -> partitionsOf(topic, partitions).stream())
              .collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.latest()));
      Awaitility.await("leaders of " + latest.keySet())
          .atMost(TOPIC_TIMEOUT)
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(() -> admin.listOffsets(latest).all().get().size() == latest.size());
    } catch (ExecutionException e) {
      throw new IllegalStateException("cannot create " + List.of(topics), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while creating " + List.of(topics), e);
    }
  }

  /**
   * Reads a topic from its beginning, committed records only, until it has yielded {@code atLeast}
   * records; what came in the same poll beyond them is returned as well.
   *
   * @return the records, in offset order within a partition
   * @throws AssertionError when fewer arrive within {@code timeout}, with those that did
   */
  public static List<ConsumerRecord<byte[], byte[]>> readAll(
      String topic, int atLeast, Duration timeout) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    long deadline = System.nanoTime() + timeout.toNanos();
    try (var consumer = reader()) {
      var partitions = consumer.partitionsFor(topic, timeout);
      var assigned = partitionsOf(topic, partitions.size());
      consumer.assign(assigned);
      consumer.seekToBeginning(assigned);
      while (records.size() < atLeast && System.nanoTime() < deadline) {
        consumer.poll(POLL).forEach(records::add);
      }
    }
    if (records.size() < atLeast) {
      throw new AssertionError(
          String.format(
              "%s yielded %d of at least %d records within %d ms: %s",
              topic, records.size(), atLeast, timeout.toMillis(), describe(records)));
    }
    return records;
  }

  private static KafkaConsumer<byte[], byte[]> reader() {
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers(),
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            "read_committed"),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitionsOf(String topic, int count) {
    return IntStream.range(0, count).mapToObj(p -> new TopicPartition(topic, p)).toList();
  }

  private static List<String> describe(List<ConsumerRecord<byte[], byte[]>> records) {
    return records.stream()
        .map(r -> r.topic() + "-" + r.partition() + "@" + r.offset() + " " + shown(r.value()))
        .toList();
  }

  private static String shown(byte @Nullable [] value) {
    String text = value == null ? "(null)" : new String(value, UTF_8);
    return text.length() <= SHOWN_VALUE_CHARS ? text : text.substring(0, SHOWN_VALUE_CHARS) + "…";
  }
}
