package dev.weir.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

class SharedBrokerIT {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final String PREFIX = TestBroker.uniquePrefix();

  @Test
  void readsWhatWasProducedFromAllPartitions() throws Exception {
    String topic = PREFIX + "plain";
    TestBroker.createTopics(2, topic);
    try (var producer = producer(Map.of())) {
      producer.send(new ProducerRecord<>(topic, 0, "k", "left")).get();
      producer.send(new ProducerRecord<>(topic, 1, "k", "right")).get();
    }

    assertThat(TestBroker.readAll(topic, 2, TIMEOUT))
        .extracting(record -> new String(record.value(), UTF_8))
        .containsExactlyInAnyOrder("left", "right");
  }

  @Test
  void readsCommittedRecordsOnly() throws Exception {
    String topic = PREFIX + "transactions";
    TestBroker.createTopics(1, topic);
    try (var producer = producer(Map.of("transactional.id", PREFIX + "producer"))) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, "aborted")).get();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, "committed")).get();
      producer.commitTransaction();
    }

    assertThat(TestBroker.readAll(topic, 1, TIMEOUT))
        .extracting(record -> new String(record.value(), UTF_8))
        .containsExactly("committed");
  }

  @Test
  void saysWhatItSawWhenRecordsAreMissing() throws Exception {
    String topic = PREFIX + "missing";
    TestBroker.createTopics(1, topic);
    try (var producer = producer(Map.of())) {
      producer.send(new ProducerRecord<>(topic, "alone")).get();
    }

    assertThatThrownBy(() -> TestBroker.readAll(topic, 2, Duration.ofSeconds(1)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("yielded 1 of at least 2 records")
        .hasMessageContaining(topic + "-0@0 alone");
  }

  @Test
  void sharesOneBrokerAndGivesEachCallerItsOwnPrefix()
      throws ExecutionException, InterruptedException {
    assertThat(TestBroker.bootstrapServers()).isEqualTo(TestBroker.bootstrapServers());
    assertThat(TestBroker.uniquePrefix()).isNotEqualTo(TestBroker.uniquePrefix());
    try (var admin = TestBroker.admin()) {
      assertThat(admin.describeCluster().nodes().get()).hasSize(1);
    }
  }

  private static KafkaProducer<String, String> producer(Map<String, String> more) {
    var properties = new HashMap<String, Object>(more);
    properties.put("bootstrap.servers", TestBroker.bootstrapServers());
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }
}
