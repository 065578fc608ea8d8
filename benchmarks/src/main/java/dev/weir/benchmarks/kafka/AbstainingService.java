package dev.weir.benchmarks.kafka;

import dev.weir.broker.EmbeddedBroker;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.InferenceConfig;
import dev.weir.inference.InferenceService;
import dev.weir.inference.stream.Delivery;
import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.ServiceProcess;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * An embedded broker and an inference service over it for which no adapter is released: every
 * review is answered at once by an abstention, and no model runs. Closing stops both and deletes
 * their data.
 */
final class AbstainingService implements AutoCloseable {
  private static final String BASE = "all-minilm-l6-v2";

  /**
   * Settings to measure.
   *
   * @param name what the table calls them
   * @param clients properties that override Weir's own of the clients
   * @param broker properties that override those of the embedded broker
   */
  record Tuning(
      String name, Delivery delivery, Map<String, String> clients, Map<String, String> broker) {}

  private final Lifecycle lifecycle;
  private final String bootstrapServers;

  private AbstainingService(Lifecycle lifecycle, String bootstrapServers) {
    this.lifecycle = lifecycle;
    this.bootstrapServers = bootstrapServers;
  }

  static AbstainingService open(Tuning tuning) throws IOException {
    Lifecycle lifecycle = new Lifecycle();
    try {
      Path directory = Files.createTempDirectory("weir-kafka-latency");
      lifecycle.add("directory", () -> delete(directory));
      EmbeddedBroker broker =
          lifecycle.add(
              "broker",
              new EmbeddedBroker(
                  new EmbeddedBroker.Settings(directory.resolve("broker"), 0, tuning.broker())));
      broker.start();
      Settings settings = settings(tuning, directory, broker.bootstrapServers());
      ServiceProcess.provision(settings);
      start(settings, lifecycle);
      return new AbstainingService(lifecycle, broker.bootstrapServers());
    } catch (IOException | RuntimeException e) {
      lifecycle.close();
      throw e;
    }
  }

  private static Settings settings(Tuning tuning, Path directory, String servers)
      throws IOException {
    Path clients = directory.resolve("clients.properties");
    Properties properties = new Properties();
    properties.putAll(tuning.clients());
    try (Writer writer = Files.newBufferedWriter(clients)) {
      properties.store(writer, null);
    }
    List<Setting<?>> known = new ArrayList<>(CommonSettings.all());
    known.addAll(InferenceConfig.settings());
    return Settings.read(
        known,
        Map.of(
            "WEIR_BOOTSTRAP_SERVERS",
            servers,
            "WEIR_KAFKA_CLIENT_CONFIG",
            clients.toString(),
            "WEIR_BASE_MODEL",
            BASE,
            "WEIR_STORE_DIR",
            directory.resolve("store").toString(),
            "WEIR_HTTP_PORT",
            "0",
            "WEIR_SERVE_DELIVERY",
            tuning.delivery().id()));
  }

  private static void start(Settings settings, Lifecycle lifecycle) {
    Metrics metrics = lifecycle.add("metrics", new Metrics());
    BaseModel base =
        lifecycle.add("base model", BaseModel.load(settings.get(CommonSettings.BASE_MODEL)));
    ArtifactStore store = lifecycle.add("store", StoreConfig.from(settings).open());
    lifecycle
        .add(
            "inference",
            new InferenceService(
                InferenceConfig.from(settings), metrics, new Health(), base, store))
        .start();
  }

  String bootstrapServers() {
    return bootstrapServers;
  }

  Topics topics() {
    return new Topics("");
  }

  @Override
  public void close() {
    lifecycle.close();
  }

  private static void delete(Path directory) {
    try (Stream<Path> entries = Files.walk(directory)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
