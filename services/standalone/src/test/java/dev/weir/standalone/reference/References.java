package dev.weir.standalone.reference;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.CurationConfig;
import dev.weir.inference.InferenceConfig;
import dev.weir.service.config.Setting;
import dev.weir.service.config.SettingsTable;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.store.signing.StoreSettings;
import dev.weir.trainer.config.TrainerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The texts of the files in {@code docs/} that follow from the code. */
final class References {

  private static final String GENERATED =
      "Made from the code; a test compares them and says how to renew this file.\n";

  /** How the readers of foreign records judge them. */
  private static final String READING =
      """

      ## Ids
      A review's id is its field `id`, else the record's key, else its position, such as `reviews-3@17`. A key that is not UTF-8, is blank or has control
      characters (a serialised number) is no id, and neither is an id with U+FFFD or half a surrogate pair in it, for it would stand for others too. A
      feedback record names its review by `reviewId`, else by its key; a key that is no id names none.

      ## Times and numbers
      `timestamp` is read by one rule, on Kafka and over HTTP:

      | written | read as |
      |---|---|
      | ISO-8601 date and time, `T` or one blank between them, with or without offset | that time; UTC without an offset |
      | a date | its midnight in UTC |
      | a number, or the text of one, below 10^11 | seconds since 1970 |
      | below 10^14 | milliseconds |
      | below 10^17 | microseconds |
      | below 10^20 | nanoseconds |
      | nothing, null or blank text | the time of the record |

      The result must lie in the years 1970 to 9999. Everything else is a dead letter `wrong-type` that names the field. Texts of numbers are taken exactly; a
      decimal that is a JSON number has the precision of a double. Ids, labels and texts may be numbers, but not true or false; `stars` must be finite.

      ## Bounds
      A value has at most 100 levels, 500,000 tokens, numbers of 400 digits and field names of 1,000 characters; attributes hold at most 100,000 characters. More is a
      dead letter `malformed-json` or `attributes-too-large`.
      """;

  private final Path sources;
  private final Javadocs comments;

  /** From the sources of the module contract. */
  References(Path sources) {
    this.sources = sources;
    comments = Javadocs.of(sources, List.of(Topics.class));
  }

  /** Each file's name and text. */
  Map<String, String> all() {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("settings.md", settings());
    files.put("topics.md", topics());
    files.put("asyncapi.yaml", asyncApi());
    return files;
  }

  private static String settings() {
    StringBuilder text = new StringBuilder("# Settings\n\n").append(GENERATED).append('\n');
    text.append(
        """
        Settings are environment variables. All problems are reported at once at the start, each with its variable. An unknown
        `WEIR_` name is refused with the one that was probably meant. A process accepts the settings of all services, so that
        one set can serve them all. The effective values are in its first log line, secrets masked. `./weir settings` prints
        the table.
        """);
    List<Setting<?>> rest = new ArrayList<>(LocalLoop.serviceSettings());
    section(text, "All services", CommonSettings.all(), rest);
    section(text, "Curation", CurationConfig.settings(), rest);
    section(text, "Trainer and inference", StoreSettings.all(), rest);
    section(text, "Trainer", withoutTheStores(TrainerConfig.settings()), rest);
    section(text, "Inference", withoutTheStores(InferenceConfig.settings()), rest);
    section(text, "Every process", List.copyOf(rest), rest);
    return text.toString();
  }

  private static List<Setting<?>> withoutTheStores(List<Setting<?>> settings) {
    List<Setting<?>> others = new ArrayList<>(settings);
    others.removeAll(StoreSettings.all());
    return others;
  }

  private static void section(
      StringBuilder text,
      String title,
      Collection<? extends Setting<?>> settings,
      List<Setting<?>> rest) {
    text.append("\n## ").append(title).append("\n\n").append(SettingsTable.markdown(settings));
    rest.removeAll(settings);
  }

  private String topics() {
    StringBuilder text = new StringBuilder("# Topics\n\n").append(GENERATED).append('\n');
    text.append(
        """
        Records are JSON in UTF-8; unknown fields are ignored. Their fields are in [asyncapi.yaml](asyncapi.yaml). A topic that
        is missing is created at the start with these settings; one that exists is left as it is. `WEIR_PARTITIONS` and
        `WEIR_REPLICATION` say how many partitions and replicas it gets. Where 1 is written, the order of the records asks for
        one partition.

        """);
    text.append(
        "| topic | what | key | records | written by | read by | cleanup | kept | largest |\n");
    text.append("|---|---|---|---|---|---|---|---|---|\n");
    for (TopicReference topic : TopicReference.all()) {
      Map<String, String> config = topic.spec().config();
      boolean compacted = "compact".equals(config.get("cleanup.policy"));
      text.append("| `")
          .append(topic.spec().name())
          .append(topic.spec().partitions() == 1 ? "` (1 partition) | " : "` | ")
          .append(about(topic.spec().name()))
          .append(" | ")
          .append(topic.key())
          .append(" | ")
          .append(records(topic))
          .append(" | ")
          .append(String.join(", ", topic.written()))
          .append(" | ")
          .append(String.join(", ", topic.read()))
          .append(compacted ? " | compact | for ever | " : " | delete | ")
          .append(compacted ? "" : kept(config.get("retention.ms")) + " | ")
          .append(size(config.get("max.message.bytes")))
          .append(" |\n");
    }
    text.append(
        "\n"
            + "Curation keeps its state in internal topics `weir-curation-…`, which Kafka Streams"
            + " creates. Dead letters are the original bytes with the headers of the AsyncAPI"
            + " document.\n");
    text.append(READING);
    return text.toString();
  }

  private String asyncApi() {
    ObjectNode document =
        new AsyncApi(this::about).document(TopicReference.all(), new EventSchemas(sources).all());
    YAMLMapper yaml =
        new YAMLMapper(
            new YAMLFactory()
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                .disable(YAMLGenerator.Feature.SPLIT_LINES));
    try {
      return "# " + GENERATED + yaml.writeValueAsString(document);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** What the code says of a topic. */
  private String about(String topic) {
    String method =
        topic.endsWith(".dlq")
            ? "deadLetters"
            : java.util.Arrays.stream(topic.split("-"))
                .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining());
    String name = method.substring(0, 1).toLowerCase(Locale.ROOT) + method.substring(1);
    return comments
        .of(Topics.class, name)
        .orElseThrow(() -> new AssertionError("Topics." + name + " has no comment"));
  }

  private static String records(TopicReference topic) {
    return topic.events().isEmpty()
        ? "the original bytes"
        : topic.events().stream()
            .map(each -> "`" + each.getSimpleName() + "`")
            .collect(Collectors.joining(", "));
  }

  private static String kept(String millis) {
    if (millis == null || millis.equals("-1")) {
      return "for ever";
    }
    return Duration.ofMillis(Long.parseLong(millis)).toDays() + " d";
  }

  private static String size(String bytes) {
    return bytes == null ? "1 MiB" : Long.parseLong(bytes) / 1024 + " KiB";
  }
}
