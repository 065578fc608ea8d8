package dev.weir.common.config;

import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.topic.Topics;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The settings that all services share. */
public final class CommonSettings {

  /** Where Kafka is. */
  public static final Setting<String> BOOTSTRAP_SERVERS =
      Setting.text(
          "WEIR_BOOTSTRAP_SERVERS",
          "localhost:9092",
          "Kafka brokers, host:port separated by commas");

  /** Further client properties. */
  public static final Setting<Map<String, Object>> KAFKA_CLIENT_CONFIG =
      new Setting<>(
          "WEIR_KAFKA_CLIENT_CONFIG",
          "",
          "a readable .properties file",
          "further Kafka client properties for every client, such as TLS and SASL",
          false,
          CommonSettings::properties);

  /** What stands before each topic's name. */
  public static final Setting<Topics> TOPIC_PREFIX =
      Setting.text("WEIR_TOPIC_PREFIX", "", "stands before each topic's name").map(Topics::new);

  /** Partitions of topics that are created. */
  public static final Setting<Integer> PARTITIONS =
      Setting.integer(
          "WEIR_PARTITIONS", 4, 1, 1000, "partitions of topics that have to be created");

  /** Replicas of topics that are created. */
  public static final Setting<Integer> REPLICATION =
      Setting.integer("WEIR_REPLICATION", 1, 1, 9, "replicas of topics that have to be created");

  /** Adapters and their labels. */
  public static final Setting<AdapterCatalog> ADAPTERS =
      Setting.text(
              "WEIR_ADAPTERS",
              "default=negative|neg|0@1-2,positive|pos|1@4-5",
              "adapters that may be trained, with their labels: adapter=label|alias@minStars-maxStars,…;"
                  + " several separated by semicolons, * for any other name")
          .map(AdapterCatalog::parse);

  /** The frozen encoder. */
  public static final Setting<String> BASE_MODEL =
      Setting.text(
          "WEIR_BASE_MODEL",
          "bge-small-en-v1.5",
          "the frozen encoder: bge-small-en-v1.5, all-minilm-l6-v2, or a Hugging Face directory");

  /** Where artifacts are. */
  public static final Setting<Path> STORE_DIR =
      Setting.text("WEIR_STORE_DIR", "weir-data/adapters", "directory of the adapter store")
          .map(Path::of);

  /** Where a service without HTTP of its own serves health and metrics. */
  public static final Setting<Integer> OPS_PORT =
      Setting.integer(
          "WEIR_OPS_PORT",
          9404,
          0,
          65535,
          "port of /health and /metrics of the curation and trainer services; 0 takes a free one");

  /** Whether logs may show what people wrote. */
  public static final Setting<Boolean> LOG_TEXTS =
      Setting.flag(
          "WEIR_LOG_TEXTS",
          false,
          "log lines show reviews' texts, and messages that quote what could not be read");

  private CommonSettings() {}

  /** All of them, in the order of the README's table. */
  public static List<Setting<?>> all() {
    return List.of(
        BOOTSTRAP_SERVERS,
        KAFKA_CLIENT_CONFIG,
        TOPIC_PREFIX,
        PARTITIONS,
        REPLICATION,
        ADAPTERS,
        BASE_MODEL,
        STORE_DIR,
        OPS_PORT,
        LOG_TEXTS);
  }

  /** Properties that every Kafka client of the process starts from. */
  public static Map<String, Object> kafka(Settings settings) {
    Map<String, Object> properties = new HashMap<>(settings.get(KAFKA_CLIENT_CONFIG));
    properties.put("bootstrap.servers", settings.get(BOOTSTRAP_SERVERS));
    return properties;
  }

  private static Map<String, Object> properties(String file) {
    if (file.isBlank()) {
      return Map.of();
    }
    try (Reader reader = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
      Properties read = new Properties();
      read.load(reader);
      Map<String, Object> properties = new HashMap<>();
      read.stringPropertyNames().forEach(name -> properties.put(name, read.getProperty(name)));
      return Map.copyOf(properties);
    } catch (IOException e) {
      throw new IllegalArgumentException("names '" + file + "', which cannot be read: " + e, e);
    }
  }
}
