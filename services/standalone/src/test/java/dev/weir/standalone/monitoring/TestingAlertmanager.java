package dev.weir.standalone.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real Alertmanager with the configuration of this repository, that tells a receiver of its own
 * over HTTP; both end with {@link #close}.
 */
final class TestingAlertmanager implements AutoCloseable {

  private final Process process;
  private final int port;
  private final HttpServer receiver;
  private final List<Notified> received;

  /** One alert of a notification. */
  record Notified(String alert, boolean firing, String summary) {}

  private TestingAlertmanager(
      Process process, int port, HttpServer receiver, List<Notified> received) {
    this.process = process;
    this.port = port;
    this.receiver = receiver;
    this.received = received;
  }

  /** Starts one that waits for a second where the repository's waits for more. */
  static TestingAlertmanager start(Path directory) throws IOException {
    Files.createDirectories(directory);
    List<Notified> received = new CopyOnWriteArrayList<>();
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    ObjectMapper json = new ObjectMapper();
    receiver.createContext(
        "/",
        exchange -> {
          JsonNode message = json.readTree(exchange.getRequestBody());
          for (JsonNode alert : message.path("alerts")) {
            received.add(
                new Notified(
                    alert.path("labels").path("alertname").asText(),
                    alert.path("status").asText().equals("firing"),
                    alert.path("annotations").path("summary").asText()));
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
    Path file =
        Files.writeString(
            directory.resolve("alertmanager.yml"),
            config("http://127.0.0.1:" + receiver.getAddress().getPort() + "/"));
    int port = TestingPrometheus.freePort();
    Process process =
        new ProcessBuilder(
                binary(),
                "--config.file=" + file,
                "--storage.path=" + directory.resolve("data"),
                "--cluster.listen-address=",
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("alertmanager.log").toFile())
            .start();
    return new TestingAlertmanager(process, port, receiver, received);
  }

  /** The repository's own, with its place for a receiver filled in. */
  private static String config(String url) {
    String own = MonitoringFiles.text(MonitoringFiles.ALERTMANAGER);
    String filled =
        own.replaceFirst("# webhook_configs:", "webhook_configs:")
            .replaceFirst("#   - url: \\S+", "  - url: " + url)
            .replaceFirst("#     send_resolved: true", "    send_resolved: true")
            .replaceAll("group_(wait|interval): \\S+", "group_$1: 1s");
    if (!filled.contains(url)) {
      throw new IllegalStateException("alertmanager.yml has no place for a receiver any more");
    }
    return filled;
  }

  /** Debian's name is not the project's. */
  private static String binary() {
    boolean debian =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(each -> Files.isExecutable(Path.of(each, "prometheus-alertmanager")));
    return debian ? "prometheus-alertmanager" : "alertmanager";
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  /** All that the receiver was told, in order. */
  List<Notified> received() {
    return List.copyOf(received);
  }

  boolean toldOf(String alert, boolean firing) {
    return received.stream()
        .anyMatch(each -> each.alert().equals(alert) && each.firing() == firing);
  }

  @Override
  public void close() {
    receiver.stop(0);
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
