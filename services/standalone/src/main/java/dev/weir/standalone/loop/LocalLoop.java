package dev.weir.standalone.loop;

import dev.weir.broker.EmbeddedBroker;
import dev.weir.contract.topic.Topics;
import dev.weir.curation.CurationConfig;
import dev.weir.curation.CurationService;
import dev.weir.inference.InferenceConfig;
import dev.weir.inference.InferenceService;
import dev.weir.model.base.BaseModel;
import dev.weir.model.base.LoadingModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.OpsServer;
import dev.weir.service.ops.PortInUseException;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.OpsPort;
import dev.weir.service.process.ServiceProcess;
import dev.weir.service.trace.Tracing;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreConfig;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.loop.TrainerService;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The whole loop in one process: a real Kafka broker and the curation, inference and trainer
 * services on it, under one data directory.
 *
 * <p>A second start on the same directory finds its topics and adapters again. {@link #start} and
 * {@link #close} are idempotent; closing drains the services and stops the broker last.
 */
public final class LocalLoop implements AutoCloseable {

  private final Path dataDir;
  private final int brokerPort;
  private final Map<String, String> environment;
  private final Supplier<Tracing> tracing;
  private final Lifecycle lifecycle = new Lifecycle();
  private @Nullable Settings settings;
  private @Nullable InferenceService inference;
  private @Nullable BaseModel base;
  private @Nullable OpsServer ops;
  private volatile @Nullable Health health;

  /**
   * A loop that is not started yet.
   *
   * @param dataDir keeps Kafka's logs, Streams' state and the adapters
   * @param brokerPort Kafka's port; 0 takes a free one
   * @param environment settings of the services; what the loop decides itself overrides them
   */
  public LocalLoop(Path dataDir, int brokerPort, Map<String, String> environment) {
    this(dataDir, brokerPort, environment, () -> Tracing.open("weir", System.getenv()));
  }

  /**
   * A loop that is traced.
   *
   * @param tracing opened at the start, and closed with the loop
   */
  public LocalLoop(
      Path dataDir, int brokerPort, Map<String, String> environment, Supplier<Tracing> tracing) {
    this.tracing = tracing;
    this.dataDir = dataDir.toAbsolutePath().normalize();
    this.brokerPort = brokerPort;
    this.environment = Map.copyOf(environment);
  }

  /** The settings of the services and those they share. */
  public static List<Setting<?>> serviceSettings() {
    Set<Setting<?>> all = new LinkedHashSet<>();
    all.addAll(CurationConfig.settings());
    all.addAll(TrainerConfig.settings());
    all.addAll(InferenceConfig.settings());
    all.add(LogLevel.SETTING);
    all.add(LogFormat.SETTING);
    return List.copyOf(all);
  }

  /** Starts everything; what was started is closed again when a part fails. */
  public synchronized void start() {
    if (inference != null) {
      return;
    }
    try {
      startParts();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void startParts() {
    // Settings and the port first: a mistake should show at once, not after the broker's start.
    Settings preliminary = Settings.read(known(), environmentFor("localhost:0"));
    CurationConfig.from(preliminary).checkTrainable(TrainerConfig.from(preliminary).minHoldout());
    checkPort(InferenceConfig.from(preliminary).http().port());
    LoggedText.show(preliminary.get(CommonSettings.LOG_TEXTS));
    DataDirectory.prepare(dataDir);
    Metrics metrics =
        lifecycle.add("metrics", new Metrics(lifecycle.add("tracing", tracing.get())));
    Health state = new Health();
    health = state;
    Runnable allStarted = state.starting();
    state.bindTo(metrics.registry());
    ops = lifecycle.add("ops server", OpsPort.start(preliminary, environment, state, metrics));
    LoadingModel loading =
        lifecycle.add("base model", LoadingModel.begin(preliminary.get(CommonSettings.BASE_MODEL)));
    EmbeddedBroker broker =
        new EmbeddedBroker(
            new EmbeddedBroker.Settings(
                dataDir.resolve(DataDirectory.KAFKA), brokerPort, Map.of()));
    lifecycle.add("broker", broker);
    broker.start();
    Settings read = Settings.read(known(), environmentFor(broker.bootstrapServers()));
    settings = read;
    ServiceProcess.provision(read);
    BaseModel loaded = loading.await();
    base = loaded;
    ArtifactStore store = lifecycle.add("store", StoreConfig.from(read).open());
    state.register("broker", () -> brokerStatus(broker.fault()));
    InferenceService serving =
        lifecycle.add(
            "inference",
            new InferenceService(InferenceConfig.from(read), metrics, state, loaded, store));
    serving.start();
    CurationService curation =
        lifecycle.add("curation", new CurationService(CurationConfig.from(read), metrics, state));
    curation.start();
    TrainerService trainer =
        lifecycle.add(
            "trainer", new TrainerService(TrainerConfig.from(read), metrics, state, loaded));
    trainer.start();
    allStarted.run();
    inference = serving;
  }

  /** The port of health and metrics; only after the start. */
  public synchronized int opsPort() {
    return started(ops).port();
  }

  /** Kafka client properties that reach the loop's broker; only after the start. */
  public Map<String, Object> kafka() {
    return CommonSettings.kafka(settings());
  }

  /** The effective settings; only after the start. */
  public synchronized Settings settings() {
    return started(settings);
  }

  /** The loop's topics; only after the start. */
  public Topics topics() {
    return settings().get(CommonSettings.TOPIC_PREFIX);
  }

  /** The HTTP port; only after the start. */
  public synchronized int httpPort() {
    return started(inference).port();
  }

  /** Where HTTP is served, for this machine; only after the start. */
  public synchronized String httpUrl() {
    String scheme = CommonSettings.tls(settings()).isPresent() ? "https" : "http";
    return scheme + "://localhost:" + httpPort();
  }

  /** The base model that trainer and inference share; only after the start. */
  public synchronized BaseModel base() {
    return started(base);
  }

  @Override
  public synchronized void close() {
    // A thread that is called off still has to drain: the parts wait for each other.
    boolean interrupted = Thread.interrupted();
    lifecycle.close();
    inference = null;
    ops = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static <T> T started(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the loop is not started");
    }
    return part;
  }

  private static List<Setting<?>> known() {
    List<Setting<?>> all = new ArrayList<>(CommonSettings.all());
    all.addAll(serviceSettings());
    return InferenceConfig.serving(all);
  }

  private Map<String, String> environmentFor(String bootstrapServers) {
    Map<String, String> merged = new HashMap<>(environment);
    merged.put(CommonSettings.BOOTSTRAP_SERVERS.name(), bootstrapServers);
    merged.put(StoreConfig.STORE_DIR.name(), dataDir.resolve(DataDirectory.ADAPTERS).toString());
    merged.put(CommonSettings.REPLICATION.name(), "1");
    // Nothing of a loop is for other machines unless somebody says so.
    merged.putIfAbsent(CommonSettings.OPS_HOST.name(), "127.0.0.1");
    merged.put("WEIR_CURATION_STATE_DIR", dataDir.resolve(DataDirectory.STREAMS).toString());
    // The first batch is the first training: it must have what the gate asks for.
    String minHoldout = environment.get("WEIR_TRAIN_MIN_HOLDOUT");
    if (minHoldout != null) {
      merged.putIfAbsent("WEIR_CURATION_FIRST_HOLDOUT", minHoldout);
    }
    merged.putIfAbsent(
        "WEIR_SERVE_CACHE_DIR", dataDir.resolve(DataDirectory.SERVING_CACHE).toString());
    return merged;
  }

  private static void checkPort(int port) {
    if (port == 0) {
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(port));
    } catch (IOException e) {
      throw new PortInUseException(port, "--port (WEIR_HTTP_PORT)", e);
    }
  }

  private Health.Status brokerStatus(Optional<String> fault) {
    return fault
        .<Health.Status>map(
            what ->
                new Health.Status.Dead(
                    "%s; the lines before in the log have the cause, most often a full disk: free space where %s is, and start again"
                        .formatted(what, dataDir.resolve(DataDirectory.KAFKA))))
        .orElseGet(() -> new Health.Status.Up("embedded"));
  }

  /** What only a restart mends, with the reason; empty while there is nothing of the kind. */
  public Optional<String> beyondHelp() {
    Health now = health;
    if (now == null) {
      return Optional.empty();
    }
    List<String> dead = new ArrayList<>();
    now.components()
        .forEach(
            (name, state) -> {
              if (state instanceof Health.Status.Dead why) {
                dead.add(name + ": " + why.detail());
              }
            });
    return dead.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", dead));
  }

  /** Whether HTTP asks for API keys; the loop's broker never does. Only after the start. */
  public boolean hasKeys() {
    return InferenceConfig.from(settings()).http().keys().isPresent();
  }

  /** Where health and metrics are served; only after the start. */
  public synchronized String opsUrl() {
    String scheme = CommonSettings.tls(settings()).isPresent() ? "https" : "http";
    return scheme + "://localhost:" + opsPort();
  }

  /** Where the data directory's parts are looked for by an operator. */
  public Path dataDir() {
    return dataDir;
  }

  /** Removes the data directory; only after the close. */
  public void deleteData() throws IOException {
    if (Files.exists(dataDir)) {
      DataDirectory.delete(dataDir);
    }
  }
}
