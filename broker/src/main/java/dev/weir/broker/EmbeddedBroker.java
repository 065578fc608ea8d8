package dev.weir.broker;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A real Apache Kafka broker inside this process: one KRaft node, broker and controller at once,
 * reachable on 127.0.0.1 only and without authentication.
 *
 * <p>Its data stays in {@link Settings#dataDir}; a later broker on the same directory finds topics,
 * records and committed offsets again, also on other ports. A broker is started once and closed
 * once; to start again, make another. Kafka code never exits the process: what Kafka thinks fatal
 * ends up in {@link #fault()}.
 *
 * <p>Thread-safe. Whoever creates it closes it, after all of its clients.
 */
public final class EmbeddedBroker implements AutoCloseable {

  /**
   * How to start a broker.
   *
   * @param dataDir where Kafka keeps its data; created where absent, of no other use
   * @param port the clients' port on 127.0.0.1; 0 chooses a free one at the start
   * @param overrides Kafka broker settings by name that replace ours, those of listeners, quorum
   *     and directories excepted
   * @param secured protocol of a second listener, {@code SSL}, {@code SASL_SSL} or {@code
   *     SASL_PLAINTEXT}, on a free port; its settings are overrides that begin with {@code
   *     listener.name.secured.}; empty for none. It is there to try clients against; the first
   *     listener stays open
   */
  public record Settings(
      Path dataDir, int port, Map<String, String> overrides, Optional<String> secured) {
    private static final int MAX_PORT = 65_535;

    public Settings {
      Objects.requireNonNull(dataDir, "dataDir");
      if (port < 0 || port > MAX_PORT) {
        throw new IllegalArgumentException("port must be in 0.." + MAX_PORT + ", was " + port);
      }
      overrides = Map.copyOf(overrides);
      BrokerProperties.requireOverridable(overrides.keySet());
    }

    /** Without a secured listener. */
    public Settings(Path dataDir, int port, Map<String, String> overrides) {
      this(dataDir, port, overrides, Optional.empty());
    }

    /** A free port and no overrides. */
    public static Settings of(Path dataDir) {
      return new Settings(dataDir, 0, Map.of());
    }
  }

  private final Settings settings;
  private final CompletableFuture<String> fault = new CompletableFuture<>();
  private @Nullable KafkaNode node;
  private String securedServers = "";
  private boolean closed;

  /** Does no I/O; {@link #start} does. */
  public EmbeddedBroker(Settings settings) {
    this.settings = Objects.requireNonNull(settings, "settings");
  }

  /**
   * Starts the broker and returns once it answers clients; does nothing when it runs already.
   *
   * @throws BrokerStartException when it cannot start; nothing is left running then
   */
  public synchronized void start() {
    if (closed) {
      throw new IllegalStateException("this broker was closed; create another to start again");
    }
    if (node != null) {
      return;
    }
    int port = settings.port() == 0 ? LoopbackPorts.free(0) : settings.port();
    LoopbackPorts.requireFree(port);
    int controllerPort = LoopbackPorts.free(port);
    Optional<SecuredListener> secured =
        settings.secured().map(protocol -> SecuredListener.on(protocol, port, controllerPort));
    DataDirectory directory = DataDirectory.claim(settings.dataDir());
    KafkaExitGuard.watch(fault);
    try {
      node = KafkaNode.start(directory, port, controllerPort, secured, settings.overrides(), fault);
      securedServers = secured.map(SecuredListener::address).orElse("");
    } finally {
      if (node == null) {
        KafkaExitGuard.unwatch(fault);
      }
    }
  }

  /** Host and port for clients, once started. */
  public synchronized String bootstrapServers() {
    if (node == null) {
      throw new IllegalStateException("the broker is not running; call start() first");
    }
    return node.bootstrapServers();
  }

  /** Host and port of the secured listener, once started. */
  public synchronized String securedBootstrapServers() {
    if (node == null || securedServers.isEmpty()) {
      throw new IllegalStateException("there is no secured listener; ask for one in the settings");
    }
    return securedServers;
  }

  /**
   * Why this broker is no longer usable, empty while it is well. A process that sees one should
   * report itself unhealthy and be restarted.
   */
  public Optional<String> fault() {
    return Optional.ofNullable(fault.getNow(null));
  }

  /** Shuts Kafka down and waits for it; does nothing when never started or closed before. */
  @Override
  public synchronized void close() {
    closed = true;
    if (node == null) {
      return;
    }
    try {
      node.close();
    } finally {
      node = null;
      KafkaExitGuard.unwatch(fault);
    }
  }
}
