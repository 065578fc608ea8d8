package dev.weir.standalone.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The published schemas as a check of records: what a loop wrote satisfies them, and has no field
 * that they do not name.
 */
public final class RecordSchemas {

  private final Map<String, JsonSchema> schemas = new HashMap<>();
  private final Map<String, JsonNode> sources = new HashMap<>();
  private final Map<String, TopicReference> topics = new HashMap<>();

  /** Makes the schemas from the sources, as the published ones are. */
  public RecordSchemas() {
    JsonSchemaFactory factory = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7);
    new EventSchemas(Path.of("../../common/contract/src/main/java"))
        .all()
        .forEach(
            (name, schema) -> {
              schemas.put(name, factory.getSchema(schema));
              sources.put(name, schema);
            });
    TopicReference.all().forEach(each -> topics.put(each.spec().name(), each));
  }

  /**
   * Reads every topic of a cluster up to its end and checks what stands there; of what others
   * wrote, whatever is accepted.
   *
   * @return how many records of each event there were
   */
  public Map<String, Integer> checkAll(Map<String, Object> kafka) {
    Map<String, Object> properties = new HashMap<>(kafka);
    properties.put("isolation.level", "read_committed");
    Map<String, Integer> counts = new TreeMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          topics.values().stream()
              .filter(each -> !each.events().isEmpty())
              .flatMap(each -> consumer.partitionsFor(each.spec().name()).stream())
              .map(each -> new TopicPartition(each.topic(), each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      await("the topics' ends")
          .atMost(Duration.ofMinutes(2))
          .pollInSameThread()
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(100))) {
                  if (each.value() != null && accepted(each)) {
                    counts.merge(check(each), 1, Integer::sum);
                  }
                }
                return ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
              });
    }
    return counts;
  }

  /** Fails, saying why, if an event does not satisfy its schema or has a field it does not name. */
  void check(Object event) {
    check(
        event.getClass().getSimpleName(),
        EventJson.read(EventJson.write(event), JsonNode.class),
        "written");
  }

  private String check(ConsumerRecord<byte[], byte[]> record) {
    String name = event(record);
    String where = record.topic() + "-" + record.partition() + "@" + record.offset();
    check(name, EventJson.read(record.value(), JsonNode.class), where);
    return name;
  }

  private void check(String name, JsonNode value, String where) {
    assertThat(Objects.requireNonNull(schemas.get(name)).validate(value))
        .as("%s: %s", where, value)
        .isEmpty();
    assertThat(fields(Objects.requireNonNull(sources.get(name)).get("properties")))
        .as("%s: the schema of %s names every field of %s", where, name, value)
        .containsAll(fields(value));
  }

  private static boolean accepted(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(Topics.DEFAULT.reviews())) {
      return EventReader.review(record.key(), record.value()) instanceof Parsed.Accepted;
    }
    if (record.topic().equals(Topics.DEFAULT.feedback())) {
      return EventReader.feedback(record.key(), record.value()) instanceof Parsed.Accepted;
    }
    return true;
  }

  private String event(ConsumerRecord<byte[], byte[]> record) {
    TopicReference topic = Objects.requireNonNull(topics.get(record.topic()));
    if (topic.events().size() == 1) {
      return topic.events().get(0).getSimpleName();
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    if (key.endsWith(AdapterRecord.PLAN)) {
      return "ServingPlan";
    }
    return key.indexOf('@') >= 0 ? "Release" : "Champion";
  }

  private static Set<String> fields(JsonNode value) {
    Set<String> names = new HashSet<>();
    value.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
