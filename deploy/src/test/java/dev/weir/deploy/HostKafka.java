package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/**
 * Kafka as a process of its own, of the version that Weir is built with, from the properties that a
 * container of it would have.
 */
final class HostKafka {

  private HostKafka() {}

  /** The properties that the image of Apache Kafka makes of its variables. */
  static Properties properties(Map<String, String> variables) {
    Properties properties = new Properties();
    variables.forEach(
        (name, value) -> {
          if (name.startsWith("KAFKA_") && !name.endsWith("_OPTS")) {
            properties.setProperty(
                name.substring("KAFKA_".length())
                    .replace("___", "-")
                    .replace("__", "\u0000")
                    .replace('_', '.')
                    .replace('\u0000', '_')
                    .toLowerCase(java.util.Locale.ROOT),
                value);
          }
        });
    return properties;
  }

  /** Formats the node's storage and starts it; where it listens is in the properties. */
  static Container start(Properties properties, Path directory)
      throws IOException, InterruptedException {
    Path file = directory.resolve("server.properties");
    try (var out = Files.newOutputStream(file)) {
      properties.store(out, null);
    }
    String libraries =
        Repository.ROOT.resolve("services/standalone/target/weir/lib").toString() + "/*";
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Commands.output(
        java,
        "-cp",
        libraries,
        "kafka.tools.StorageTool",
        "format",
        "--cluster-id",
        "5L6g3nShT-eMCtK--X86sw",
        "--config",
        file.toString());
    Path log = directory.resolve("kafka.log");
    Process process =
        new ProcessBuilder(
                List.of(java, "-Xmx512m", "-cp", libraries, "kafka.Kafka", file.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new Container("kafka", process, log);
  }

  /** Waits until clients are answered, as the services' start does in Compose. */
  static void awaitAnswers(Container kafka, Map<String, Object> client) {
    Map<String, Object> properties = new HashMap<>(client);
    properties.put("default.api.timeout.ms", "5000");
    properties.put("request.timeout.ms", "5000");
    try (Admin admin = Admin.create(properties)) {
      await("Kafka")
          .atMost(Duration.ofMinutes(4))
          .pollInterval(Duration.ofMillis(500))
          .ignoreExceptionsInstanceOf(ExecutionException.class)
          .until(
              () -> {
                assertThat(kafka.process().isAlive()).as(kafka::logs).isTrue();
                return !admin.describeCluster().nodes().get().isEmpty();
              });
    }
  }

  /** A port of this machine that was free a moment ago. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
