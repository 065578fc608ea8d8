package dev.weir.service.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.weir.service.security.FileWatch;
import dev.weir.service.security.TlsIdentity;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Health and metrics of a process: {@code /health/live}, {@code /health/ready}, {@code /metrics}.
 *
 * <p>For probes and scrapers, which must get through whatever clients of the service do: so it has
 * a port and threads of its own. A thread reads one request at a time, and for at most ten seconds;
 * there are more of them than one needs, since a client may well send byte by byte. Start and close
 * are idempotent.
 */
public final class OpsServer implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Idle ones end; each may be held by a request that comes slowly. */
  private static final int MOST_THREADS = 32;

  private static final int IDLE_SECONDS = 30;

  static {
    // Without limits a client that sends its request byte by byte holds a thread for ever.
    setUnlessSet("sun.net.httpserver.maxReqTime", "10");
    setUnlessSet("sun.net.httpserver.maxRspTime", "30");
  }

  private final String host;
  private final int port;
  private final Optional<TlsIdentity> tls;
  private final FileWatch watch = new FileWatch(FileWatch.INTERVAL);
  private final Health health;
  private final Metrics metrics;
  private @Nullable HttpServer server;
  private @Nullable ExecutorService threads;

  /** A server in clear text on all addresses, for {@code port}; 0 takes a free one. */
  public OpsServer(int port, Health health, Metrics metrics) {
    this("0.0.0.0", port, Optional.empty(), health, metrics);
  }

  /**
   * A server for an address and a port.
   *
   * @param port 0 takes a free one
   * @param tls what is shown over HTTPS, and watched for changes; empty for clear text
   */
  public OpsServer(
      String host, int port, Optional<TlsIdentity> tls, Health health, Metrics metrics) {
    this.host = host;
    this.port = port;
    this.tls = tls;
    tls.ifPresent(
        identity -> {
          watch.add(identity.files(), identity::refresh);
          CommonMeters.certificate(metrics.registry(), identity);
        });
    this.health = health;
    this.metrics = metrics;
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
    try {
      HttpServer opened = open(new InetSocketAddress(host, port));
      ExecutorService pool = threads();
      opened.setExecutor(pool);
      opened.createContext("/health/live", exchange -> health(exchange, health.live()));
      opened.createContext("/health/ready", exchange -> health(exchange, health.ready()));
      opened.createContext(
          "/metrics",
          exchange ->
              answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape()));
      opened.start();
      watch.start();
      server = opened;
      threads = pool;
    } catch (BindException e) {
      throw new PortInUseException(port, "WEIR_OPS_PORT", e);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ExecutorService threads() {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            MOST_THREADS,
            MOST_THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "ops-http");
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private HttpServer open(InetSocketAddress address) throws IOException {
    if (tls.isEmpty()) {
      return HttpServer.create(address, 0);
    }
    HttpsServer https = HttpsServer.create(address, 0);
    https.setHttpsConfigurator(new HttpsConfigurator(tls.get().context()));
    return https;
  }

  private static void setUnlessSet(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** The port in use; only after the start. */
  public synchronized int port() {
    return server == null ? port : server.getAddress().getPort();
  }

  @Override
  public synchronized void close() {
    if (server != null) {
      server.stop(0);
      server = null;
    }
    if (threads != null) {
      threads.shutdown();
      threads = null;
    }
    watch.close();
  }

  private void health(HttpExchange exchange, boolean ok) throws IOException {
    try {
      String body = JSON.writeValueAsString(health.report(ok));
      answer(exchange, ok ? 200 : 503, "application/json", body);
    } catch (JsonProcessingException e) {
      throw new IOException(e);
    }
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }
}
