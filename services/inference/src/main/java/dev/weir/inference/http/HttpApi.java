package dev.weir.inference.http;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.inference.access.KeyRing;
import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.feed.Feeds;
import dev.weir.inference.http.admin.AdaptersView;
import dev.weir.inference.http.events.EventStreams;
import dev.weir.inference.http.guard.Connections;
import dev.weir.inference.http.guard.Gate;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.publish.FeedbackPublisher;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.shadow.HttpShadows;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.PortInUseException;
import dev.weir.service.security.FileWatch;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP interface of the inference service.
 *
 * <p>One event loop takes requests and writes answers; whatever may take longer than a millisecond
 * (parsing, tokenising, Kafka, the store, rendering) runs on worker threads, each kind of work on
 * its own ({@link Routes.Pools}), and the model on the scorers. {@link #close} takes no new
 * connections and returns when the requests in flight are answered; streams of events are ended at
 * once.
 */
public final class HttpApi implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);

  private static final int START_SECONDS = 30;

  /** An event loop that is held up for so long is a defect, and logged with its stack. */
  private static final int BLOCKED_MS = Integer.getInteger("weir.http.blocked.ms", 1_000);

  private static final int BLOCKED_CHECK_MS = BLOCKED_MS / 2;
  private static final int DRAIN_SECONDS = 30;

  private final HttpConfig config;
  private final Parts parts;
  private final Duration watchInterval;
  private @Nullable FileWatch watch;
  private @Nullable Vertx vertx;
  private @Nullable HttpServer server;
  private @Nullable EventStreams streams;

  /**
   * What the endpoints show and use.
   *
   * @param shadows has shadow versions score what was answered; stays its owner's
   * @param feeds what clients may listen to; stays its owner's
   * @param heartbeat how often a stream of events shows that it is alive
   * @param baseDigest sha-256 (hex) of the base model's weight file
   */
  public record Parts(
      Classifier classifier,
      AdaptersView adapters,
      AdapterControl control,
      AdapterCatalog catalog,
      FeedbackPublisher feedback,
      HttpShadows shadows,
      Feeds feeds,
      Health health,
      Metrics metrics,
      Duration heartbeat,
      String baseDigest) {}

  /** A server for that address; its keys and certificate are watched for changes. */
  public HttpApi(HttpConfig config, Parts parts) {
    this(config, parts, FileWatch.INTERVAL);
  }

  HttpApi(HttpConfig config, Parts parts, Duration watchInterval) {
    this.config = config;
    this.parts = parts;
    this.watchInterval = watchInterval;
  }

  /**
   * Starts to serve.
   *
   * @throws PortInUseException if another process has the port
   */
  public synchronized void start() {
    if (server != null) {
      return;
    }
    Vertx opened =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setBlockedThreadCheckInterval(BLOCKED_CHECK_MS)
                .setMaxEventLoopExecuteTime(BLOCKED_MS)
                .setMaxEventLoopExecuteTimeUnit(TimeUnit.MILLISECONDS)
                .setWarningExceptionTime(BLOCKED_MS)
                .setWarningExceptionTimeUnit(TimeUnit.MILLISECONDS)
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)));
    EventStreams listeners =
        new EventStreams(
            opened, opened.getOrCreateContext(), parts.heartbeat(), parts.metrics().registry());
    Connections connections =
        new Connections(opened, config.connections(), config.idle(), parts.metrics().registry());
    HttpServerOptions options = options();
    HttpServer created =
        opened
            .createHttpServer(options)
            .connectionHandler(
                connection -> {
                  StrictDecoder.of(connection, options);
                  connections.opened(connection);
                })
            .requestHandler(
                Routes.of(
                    opened,
                    parts,
                    new Gate(config, connections, parts.metrics().registry()),
                    Routes.Pools.of(opened),
                    new Bodies(parts.metrics().registry()),
                    listeners))
            .invalidRequestHandler(Problems::notHttp);
    try {
      server = await(created.listen(config.port(), config.host()), START_SECONDS);
      vertx = opened;
      streams = listeners;
      watch = watch(listeners);
    } catch (ExecutionException e) {
      end(opened);
      if (e.getCause() instanceof BindException inUse) {
        throw new PortInUseException(config.port(), "--port (WEIR_HTTP_PORT)", inUse);
      }
      throw new IllegalStateException(
          "cannot listen on " + address() + ": " + e.getCause(), e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      end(opened);
      throw new IllegalStateException("cannot listen on " + address(), e);
    }
    LOG.info(
        "serving on {}://{}:{}",
        config.tls().isPresent() ? "https" : "http",
        config.host(),
        port());
    warn();
  }

  private HttpServerOptions options() {
    HttpServerOptions options =
        new HttpServerOptions()
            .setTcpNoDelay(true)
            .setTcpKeepAlive(true)
            // Java's own client asks to upgrade each connection to HTTP/2 in clear text, and waits
            // for ever for about one in six answers over 16 KiB after the upgrade.
            .setHttp2ClearTextEnabled(false);
    config
        .tls()
        .ifPresent(
            identity ->
                options
                    .setSsl(true)
                    .setUseAlpn(false)
                    .setKeyCertOptions(KeyCertOptions.wrap(identity)));
    return options;
  }

  private FileWatch watch(EventStreams listeners) {
    FileWatch made = new FileWatch(watchInterval);
    config.tls().ifPresent(identity -> made.add(identity.files(), identity::refresh));
    config.keys().ifPresent(ring -> made.add(List.of(ring.file()), () -> reload(ring, listeners)));
    made.start();
    return made;
  }

  /** Those who listen come back with their key by themselves, unless it is gone. */
  private static void reload(KeyRing ring, EventStreams listeners) {
    if (ring.refresh()) {
      listeners.endAll();
    }
  }

  private void warn() {
    if (!config.reachable()) {
      return;
    }
    if (config.keys().isEmpty()) {
      LOG.warn(
          "WEIR_HTTP_ALLOW_ANONYMOUS: other machines can reach {} without a key, and whoever does"
              + " may give feedback and say which adapter serves",
          address());
    } else if (config.tls().isEmpty()) {
      LOG.warn(
          "API keys come to {} in clear text; set WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY, unless a"
              + " proxy before this process ends HTTPS",
          address());
    }
  }

  private String address() {
    return config.host() + ":" + port();
  }

  /** The port in use; only after the start. */
  public synchronized int port() {
    return server == null ? config.port() : server.actualPort();
  }

  private static <T> T await(Future<T> future, int seconds)
      throws ExecutionException, TimeoutException, InterruptedException {
    return future.toCompletionStage().toCompletableFuture().get(seconds, TimeUnit.SECONDS);
  }

  @Override
  public synchronized void close() {
    if (server != null && vertx != null && streams != null) {
      try {
        await(streams.close(), DRAIN_SECONDS);
        await(server.shutdown(DRAIN_SECONDS, TimeUnit.SECONDS), DRAIN_SECONDS + 5);
      } catch (ExecutionException | TimeoutException e) {
        LOG.warn("not every request in flight was answered within {} s", DRAIN_SECONDS, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      end(vertx);
      if (watch != null) {
        watch.close();
        watch = null;
      }
      server = null;
      streams = null;
      vertx = null;
    }
  }

  private static void end(Vertx opened) {
    try {
      await(opened.close(), START_SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("closing Vert.x failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
