package dev.weir.broker;

import dev.weir.broker.BrokerStartException.Reason;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running Kafka server on a claimed data directory. Kafka starts and stops on threads of its
 * own here ({@code broker-start}, {@code broker-stop}), so that a fatal fault on any other of its
 * threads ends the wait, where the starting thread might wait for ever.
 */
final class KafkaNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaNode.class);
  private static final long START_TIMEOUT_SECONDS = 90;
  private static final long STOP_TIMEOUT_SECONDS = 60;

  /** Of a broker that met a fatal fault: what it has not written by then it will never write. */
  private static final long STOP_FAULTY_SECONDS = 5;

  private static final int POLL_MS = 20;

  private final DataDirectory directory;
  private final String bootstrapServers;
  private final KafkaRaftServer server;
  private final CompletableFuture<String> fault;

  private KafkaNode(
      DataDirectory directory,
      String bootstrapServers,
      KafkaRaftServer server,
      CompletableFuture<String> fault) {
    this.fault = fault;
    this.directory = directory;
    this.bootstrapServers = bootstrapServers;
    this.server = server;
  }

  /**
   * Returns when the broker answers clients. Takes over the claim on {@code directory}; on failure
   * Kafka is stopped and the claim given back.
   */
  static KafkaNode start(
      DataDirectory directory,
      int port,
      int controllerPort,
      Optional<SecuredListener> secured,
      Map<String, String> overrides,
      CompletableFuture<String> fault) {
    KafkaRaftServer server;
    try {
      if (!directory.isFormatted()) {
        format(directory);
      }
      var properties =
          BrokerProperties.of(directory.path(), port, controllerPort, secured, overrides);
      server = new KafkaRaftServer(new KafkaConfig(properties, false), Time.SYSTEM);
    } catch (Exception e) {
      directory.release();
      throw failed(directory, e.getMessage(), e);
    }
    var node = new KafkaNode(directory, LoopbackPorts.HOST + ":" + port, server, fault);
    try {
      node.await(on("broker-start", node::startAndAnswer), fault);
      return node;
    } catch (BrokerStartException e) {
      node.close();
      throw e;
    }
  }

  String bootstrapServers() {
    return bootstrapServers;
  }

  /** Waits for Kafka to stop, also when interrupted: a half-stopped log is checked all over. */
  @Override
  public void close() {
    CompletableFuture<Void> stopped =
        on(
            "broker-stop",
            () -> {
              server.shutdown();
              server.awaitShutdown();
            });
    stopped =
        stopped.orTimeout(
            fault.isDone() ? STOP_FAULTY_SECONDS : STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    try {
      stopped.join();
      directory.release();
    } catch (CompletionException e) {
      LOG.warn(
          "Kafka in {} did not shut down cleanly; its log is checked at the next start",
          directory.path(),
          e.getCause());
    }
  }

  private static void format(DataDirectory directory) throws Exception {
    String path = directory.path().toString();
    new Formatter()
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .setNodeId(BrokerProperties.NODE_ID)
        .setClusterId(Uuid.randomUuid().toString())
        .setDirectories(List.of(path))
        .setMetadataLogDirectory(path)
        .setControllerListenerName(BrokerProperties.CONTROLLER_LISTENER)
        .run();
  }

  private void startAndAnswer() throws Exception {
    server.startup();
    Map<String, Object> client =
        Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    try (Admin admin = Admin.create(client)) {
      while (admin.describeCluster().nodes().get().isEmpty()) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
      }
    }
  }

  private void await(CompletableFuture<?> started, CompletableFuture<String> fault) {
    try {
      CompletableFuture.anyOf(started, fault).get(START_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw failed(directory, cause.getMessage(), cause);
    } catch (TimeoutException e) {
      throw failed(directory, "no answer within " + START_TIMEOUT_SECONDS + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(directory, "interrupted", e);
    }
    if (fault.isDone()) {
      throw failed(directory, fault.join(), null);
    }
  }

  private static CompletableFuture<Void> on(String threadName, KafkaCall call) {
    var done = new CompletableFuture<Void>();
    var thread =
        new Thread(
            () -> {
              try {
                call.run();
                done.complete(null);
              } catch (Throwable t) {
                done.completeExceptionally(t);
              }
            },
            threadName);
    thread.setDaemon(true);
    thread.start();
    return done;
  }

  private static BrokerStartException failed(
      DataDirectory directory, @Nullable String problem, @Nullable Throwable cause) {
    return new BrokerStartException(
        Reason.KAFKA_FAILED,
        "Kafka did not start on "
            + directory.path()
            + " ("
            + problem
            + "); see the errors that Kafka logged, or start afresh with another --data-dir",
        cause);
  }

  private interface KafkaCall {
    void run() throws Exception;
  }
}
