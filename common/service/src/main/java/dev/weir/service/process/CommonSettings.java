package dev.weir.service.process;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.topic.Topics;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.security.PemFiles;
import dev.weir.service.security.TlsIdentity;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;

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

  /** Where probes and scrapers find health and metrics. */
  public static final Setting<Integer> OPS_PORT =
      Setting.integer(
          "WEIR_OPS_PORT",
          9404,
          0,
          65535,
          "port of /health and /metrics; 0 takes a free one, and so does a process where nothing is"
              + " set and the default is taken");

  /** Which of the machine's addresses that is. */
  public static final Setting<String> OPS_HOST =
      Setting.text(
          "WEIR_OPS_HOST",
          "0.0.0.0",
          "address that /health and /metrics are served on; 127.0.0.1 with weir up where nothing is"
              + " set");

  /** What HTTPS shows. */
  public static final Setting<Optional<Path>> TLS_CERTIFICATE =
      file(
          "WEIR_TLS_CERTIFICATE",
          "a PEM file",
          "certificate chain, the server's own first; with WEIR_TLS_KEY, HTTP and the ops port are"
              + " served as HTTPS; read again when it changes",
          PemFiles::certificates);

  private static final Setting<Optional<Path>> TLS_KEY =
      file(
          "WEIR_TLS_KEY",
          "a PEM file, without a password",
          "private key of the certificate",
          PemFiles::privateKey);

  /** What commands that call a service's HTTP interface show there. */
  public static final Setting<String> API_KEY =
      Setting.text(
              "WEIR_API_KEY",
              "",
              "API key that weir's own commands (classify, adapters, demo) send; see weir keys new")
          .map(String::strip)
          .masked();

  /** Whether logs may show what people wrote. */
  public static final Setting<Boolean> LOG_TEXTS =
      Setting.flag(
          "WEIR_LOG_TEXTS",
          false,
          "log lines show reviews' texts, and messages that quote what could not be read");

  private CommonSettings() {}

  /** All of them, in the order of the README's table. */
  public static List<Setting<?>> all() {
    List<Setting<?>> all =
        new ArrayList<>(
            List.of(
                BOOTSTRAP_SERVERS,
                KAFKA_CLIENT_CONFIG,
                TOPIC_PREFIX,
                PARTITIONS,
                REPLICATION,
                ADAPTERS,
                BASE_MODEL));
    all.addAll(List.of(OPS_PORT, OPS_HOST, TLS_CERTIFICATE, TLS_KEY, API_KEY, LOG_TEXTS));
    return List.copyOf(all);
  }

  /**
   * What this process's servers show, or empty where they serve in clear text.
   *
   * @throws SettingsException if only one of certificate and key is set, or they do not match
   */
  public static Optional<TlsIdentity> tls(Settings settings) {
    Optional<Path> certificate = settings.get(TLS_CERTIFICATE);
    Optional<Path> key = settings.get(TLS_KEY);
    if (certificate.isPresent() && key.isPresent()) {
      try {
        return Optional.of(TlsIdentity.of(certificate.get(), key.get()));
      } catch (IllegalArgumentException e) {
        throw new SettingsException(List.of(TLS_KEY.name() + " " + e.getMessage()));
      }
    }
    if (certificate.isEmpty() && key.isEmpty()) {
      return Optional.empty();
    }
    String set = (certificate.isPresent() ? TLS_CERTIFICATE : TLS_KEY).name();
    String missing = (certificate.isPresent() ? TLS_KEY : TLS_CERTIFICATE).name();
    throw new SettingsException(
        List.of(missing + " is missing while " + set + " is set; set both for HTTPS, or neither"));
  }

  /** A file that is read at once, so that a mistake in it is found with all others. */
  private static Setting<Optional<Path>> file(
      String name, String range, String description, Function<Path, ?> check) {
    return new Setting<>(
        name,
        "",
        range,
        description,
        false,
        written -> {
          if (written.isBlank()) {
            return Optional.empty();
          }
          Path file = Path.of(written.strip());
          Object unused = check.apply(file);
          return Optional.of(file);
        });
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
