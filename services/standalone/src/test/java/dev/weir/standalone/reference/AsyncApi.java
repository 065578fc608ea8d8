package dev.weir.standalone.reference;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.topic.DeadLetter;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The AsyncAPI 3.0 document of Weir's topics: a channel each, with its records' schemas and Kafka's
 * settings, and an operation for what an application does with it.
 */
final class AsyncApi {

  private static final String CONTENT = "application/json";
  private static final String BINDING = "0.5.0";

  private final ObjectMapper mapper = new ObjectMapper();
  private final Function<String, String> about;

  /** A builder; {@code about} says what a topic is for, by its name. */
  AsyncApi(Function<String, String> about) {
    this.about = about;
  }

  ObjectNode document(List<TopicReference> topics, Map<String, ObjectNode> schemas) {
    ObjectNode document = mapper.createObjectNode();
    document.put("asyncapi", "3.0.0");
    ObjectNode info = document.putObject("info");
    info.put("title", "Weir's topics");
    info.put("version", "1.0.0");
    info.put(
        "description",
        "JSON in UTF-8. Readers ignore unknown fields, and so should yours. Consumers of what Weir"
            + " writes read with isolation.level=read_committed. A prefix (WEIR_TOPIC_PREFIX) stands"
            + " before each address.");
    ObjectNode license = info.putObject("license");
    license.put("name", "Apache-2.0");
    license.put("url", "https://www.apache.org/licenses/LICENSE-2.0.txt");
    document.put("defaultContentType", CONTENT);
    ObjectNode servers = document.putObject("servers");
    ObjectNode kafka = servers.putObject("kafka");
    kafka.put("host", "localhost:9092");
    kafka.put("protocol", "kafka");
    kafka.put("description", "WEIR_BOOTSTRAP_SERVERS");
    ObjectNode channels = document.putObject("channels");
    ObjectNode operations = document.putObject("operations");
    ObjectNode components = document.putObject("components");
    ObjectNode messages = components.putObject("messages");
    for (TopicReference topic : topics) {
      channel(channels.putObject(topic.spec().name()), topic);
      operation(operations, topic);
    }
    schemas.forEach((name, schema) -> message(messages.putObject(name), name, schema));
    deadLetter(messages.putObject("DeadLetter"));
    components.putObject("schemas").setAll(schemas);
    return document;
  }

  private void channel(ObjectNode channel, TopicReference topic) {
    channel.put("address", topic.spec().name());
    channel.put("description", about.apply(topic.spec().name()));
    ObjectNode messages = channel.putObject("messages");
    for (String name : names(topic)) {
      messages.putObject(name).put("$ref", "#/components/messages/" + name);
    }
    ObjectNode binding = channel.putObject("bindings").putObject("kafka");
    binding.put("topic", topic.spec().name());
    binding.put("partitions", topic.spec().partitions());
    binding.put("replicas", topic.spec().replication());
    ObjectNode settings = binding.putObject("topicConfiguration");
    topic.spec().config().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            each -> {
              if (each.getKey().equals("cleanup.policy")) {
                settings.putArray(each.getKey()).add(each.getValue());
              } else if (each.getKey().equals("compression.type")) {
                settings.put(each.getKey(), each.getValue());
              } else {
                settings.put(each.getKey(), Long.parseLong(each.getValue()));
              }
            });
    binding.put("bindingVersion", BINDING);
    channel.put("x-key", topic.key());
    channel.set("x-written-by", mapper.valueToTree(topic.written()));
    channel.set("x-read-by", mapper.valueToTree(topic.read()));
  }

  /** From the application's side: it sends what Weir reads, and receives what Weir writes. */
  private static void operation(ObjectNode operations, TopicReference topic) {
    String name = topic.spec().name();
    boolean sent = topic.written().contains("you");
    ObjectNode operation =
        operations.putObject((sent ? "send-" : "receive-") + name.replace('.', '-'));
    operation.put("action", sent ? "send" : "receive");
    operation.putObject("channel").put("$ref", "#/channels/" + name);
  }

  private static void message(ObjectNode message, String name, ObjectNode schema) {
    message.put("name", name);
    message.put("contentType", CONTENT);
    if (schema.hasNonNull("description")) {
      message.put("summary", schema.get("description").asText());
    }
    message.putObject("payload").put("$ref", "#/components/schemas/" + name);
  }

  private static void deadLetter(ObjectNode message) {
    message.put("name", "DeadLetter");
    message.put("contentType", "application/octet-stream");
    message.put(
        "summary",
        "The original key, value and headers of a record that could not be used, and why.");
    ObjectNode headers = message.putObject("headers");
    headers.put("type", "object");
    ArrayNode required = headers.putArray("required");
    List.of(DeadLetter.REASON, DeadLetter.MESSAGE, DeadLetter.SOURCE).forEach(required::add);
    ObjectNode properties = headers.putObject("properties");
    text(properties, DeadLetter.REASON, "Stable reason code.");
    text(properties, DeadLetter.MESSAGE, "What is wrong, for people.");
    text(properties, DeadLetter.SOURCE, "topic-partition@offset of the original.");
    text(properties, DeadLetter.EXCEPTION, "Class of the exception behind it, if there was one.");
    text(
        properties,
        DeadLetter.TIMESTAMP,
        "The original record's own time, in epoch milliseconds, where it differs.");
    message.putObject("payload").put("description", "The original bytes.");
  }

  private static void text(ObjectNode properties, String name, String description) {
    properties.putObject(name).put("type", "string").put("description", description);
  }

  private static List<String> names(TopicReference topic) {
    return topic.events().isEmpty()
        ? List.of("DeadLetter")
        : topic.events().stream().map(Class::getSimpleName).toList();
  }
}
