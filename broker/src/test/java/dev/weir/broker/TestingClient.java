package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What a broker's test asks of its broker, over the ordinary Kafka clients. */
final class TestingClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final Map<String, Object> server;

  TestingClient(String bootstrapServers) {
    this.server = Map.of("bootstrap.servers", bootstrapServers);
  }

  void createTopic(String topic) throws Exception {
    try (Admin admin = Admin.create(server)) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
  }

  String brokerSetting(String name) throws Exception {
    var node = new ConfigResource(ConfigResource.Type.BROKER, "1");
    try (Admin admin = Admin.create(server)) {
      return admin.describeConfigs(List.of(node)).all().get().get(node).get(name).value();
    }
  }

  void send(String topic, String value) throws Exception {
    try (var producer = producer(Map.of("max.request.size", 6 << 20))) {
      producer.send(new ProducerRecord<>(topic, value)).get();
    }
  }

  void sendInTransaction(String topic, List<String> values, boolean commit) throws Exception {
    try (var producer = producer(Map.of("transactional.id", "loop"))) {
      producer.initTransactions();
      producer.beginTransaction();
      for (String value : values) {
        producer.send(new ProducerRecord<>(topic, value)).get();
      }
      if (commit) {
        producer.commitTransaction();
      } else {
        producer.abortTransaction();
      }
    }
  }

  List<String> read(String topic, int atLeast) {
    List<String> values = new ArrayList<>();
    try (var consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      Instant deadline = Instant.now().plus(TIMEOUT);
      while (values.size() < atLeast && Instant.now().isBefore(deadline)) {
        consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
      }
    }
    return values;
  }

  void commit(String group, String topic, long offset) {
    try (var consumer = consumer(Map.of("group.id", group))) {
      consumer.commitSync(
          Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(offset)), TIMEOUT);
    }
  }

  long committed(String group, String topic) {
    var partition = new TopicPartition(topic, 0);
    try (var consumer = consumer(Map.of("group.id", group))) {
      Optional<OffsetAndMetadata> committed =
          Optional.ofNullable(consumer.committed(Set.of(partition), TIMEOUT).get(partition));
      assertThat(committed).isPresent();
      return committed.orElseThrow().offset();
    }
  }

  private KafkaProducer<String, String> producer(Map<String, Object> more) {
    return new KafkaProducer<>(with(more), new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer(Map<String, Object> more) {
    return new KafkaConsumer<>(with(more), new StringDeserializer(), new StringDeserializer());
  }

  private Map<String, Object> with(Map<String, Object> more) {
    var all = new HashMap<>(server);
    all.putAll(more);
    return all;
  }
}
