package dev.weir.curation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.TopicSpec;
import dev.weir.contract.topic.Topics;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.testing.TestBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Under exactly-once and with a real broker: what is wrong with one record costs that record. */
class LastResortIT {

  private static final Duration TIMEOUT = Duration.ofSeconds(90);

  private final Topics topics = new Topics(TestBroker.uniquePrefix());

  @TempDir Path stateDir;

  @Test
  void eachFaultyRecordIsOneDeadLetterAndTheStreamGoesOn() throws Exception {
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, TIMEOUT)
          .ensure(topics.all(1, (short) 1).stream().map(this::asAnOperatorMadeIt).toList());
    }
    Health health = new Health();
    Properties defect = new Properties();
    defect.putAll(PlantedDefect.at("text-deduplicate", false));
    CurationConfig config =
        TestingCuration.config(
            stateDir,
            "BOOTSTRAP_SERVERS",
            TestBroker.bootstrapServers(),
            "TOPIC_PREFIX",
            topics.prefix(),
            "CURATION_PARTITIONS",
            "1");
    try (Metrics metrics = new Metrics();
        CurationService service = new CurationService(config, metrics, health, defect);
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      service.start();
      String planted = feedback(PlantedDefect.TRIGGER);
      String tooLarge = feedback(random(60_000));
      long yearAhead = System.currentTimeMillis() + Duration.ofDays(365).toMillis();
      send(producer, topics.feedback(), null, planted);
      send(producer, topics.feedback(), yearAhead, feedback("from the future"));
      send(producer, topics.feedback(), null, tooLarge);
      send(producer, topics.feedback(), null, feedback("fine"));
      TestBroker.readAll(topics.examples(), 2, TIMEOUT);
      send(producer, config.applicationId() + "-by-review-repartition", null, "?not ours");
      send(producer, config.applicationId() + "-by-adapter-repartition", null, "?not ours");
      send(producer, topics.feedback(), null, feedback("fine again"));

      List<String> texts =
          TestBroker.readAll(topics.examples(), 3, TIMEOUT).stream()
              .map(record -> EventJson.read(record.value(), Example.class).text())
              .toList();
      assertThat(texts).containsExactly("from the future", "fine", "fine again");
      Map<String, ConsumerRecord<byte[], byte[]>> letters = letters(4);
      assertThat(letters).hasSize(4);
      assertThat(letters.get(topics.feedback() + "-0@0").value())
          .isEqualTo(planted.getBytes(UTF_8));
      assertThat(letters.get(topics.feedback() + "-0@2").value())
          .isEqualTo(tooLarge.getBytes(UTF_8));
      assertThat(letters.values())
          .allSatisfy(
              letter ->
                  assertThat(DeadLetter.header(letter.headers(), DeadLetter.REASON))
                      .isEqualTo("internal-error"));
      Awaitility.await().atMost(TIMEOUT).until(health::ready);
    }
  }

  /** Takes records of any time; and one output has a limit that somebody forgot. */
  private TopicSpec asAnOperatorMadeIt(TopicSpec spec) {
    Map<String, String> settings = new HashMap<>(spec.config());
    if (spec.name().equals(topics.feedback())) {
      settings.put("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE));
    } else if (spec.name().equals(topics.examples())) {
      settings.put("max.message.bytes", "20000");
    }
    return new TopicSpec(spec.name(), spec.partitions(), spec.replication(), settings);
  }

  private Map<String, ConsumerRecord<byte[], byte[]>> letters(int count) {
    Map<String, ConsumerRecord<byte[], byte[]>> letters = new HashMap<>();
    TestBroker.readAll(topics.deadLetters(topics.feedback()), count, TIMEOUT)
        .forEach(
            letter -> letters.put(DeadLetter.header(letter.headers(), DeadLetter.SOURCE), letter));
    return letters;
  }

  private static String feedback(String text) {
    return "{\"text\":\"%s\",\"label\":\"positive\"}".formatted(text);
  }

  /** Nothing that compression makes smaller. */
  private static String random(int characters) {
    return new Random(1)
        .ints(characters, 'a', 'z' + 1)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, String topic, Long timestampMs, String value)
      throws Exception {
    producer
        .send(new ProducerRecord<>(topic, 0, timestampMs, new byte[] {'k'}, value.getBytes(UTF_8)))
        .get();
  }
}
