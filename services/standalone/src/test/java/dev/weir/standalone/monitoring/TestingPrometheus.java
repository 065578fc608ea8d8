package dev.weir.standalone.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;

/**
 * A real Prometheus with the rules of this repository, on a port and in a directory of its own; it
 * ends with {@link #close}.
 */
final class TestingPrometheus implements AutoCloseable {

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final ObjectMapper json = new ObjectMapper();
  private final Process process;
  private final String url;

  private TestingPrometheus(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /** An answer of the query API: how many series, or what was wrong with the query. */
  record Answer(int series, String error) {}

  /** Starts one that scrapes {@code target} every second, and sends no alerts. */
  static TestingPrometheus start(Path directory, String target) throws IOException {
    return start(directory, target, "127.0.0.1:9", rules -> rules);
  }

  /**
   * Starts one that scrapes {@code target} and sends alerts to {@code alertmanager}.
   *
   * @param edit makes the rules to test by of those of this repository
   */
  static TestingPrometheus start(
      Path directory, String target, String alertmanager, UnaryOperator<String> edit)
      throws IOException {
    Path rules = Files.createDirectories(directory.resolve("rules"));
    for (Path file : MonitoringFiles.files(MonitoringFiles.PROMETHEUS.resolve("rules"), ".yml")) {
      Files.writeString(rules.resolve(file.getFileName()), edit.apply(MonitoringFiles.text(file)));
    }
    // The repository's own configuration, but for the pace and the place.
    String config =
        MonitoringFiles.text(MonitoringFiles.PROMETHEUS.resolve("prometheus-local.yml"))
            .replaceAll("(scrape|evaluation)_interval: \\S+", "$1_interval: 1s")
            .replace("localhost:8080", target)
            .replace("localhost:9093", alertmanager);
    Path file = Files.writeString(directory.resolve("prometheus.yml"), config);
    int port = freePort();
    Process process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + file,
                "--storage.tsdb.path=" + directory.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("prometheus.log").toFile())
            .start();
    TestingPrometheus started = new TestingPrometheus(process, "http://127.0.0.1:" + port);
    try {
      Awaitility.await("Prometheus is ready")
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofMillis(200))
          .until(started::ready);
    } catch (RuntimeException e) {
      started.close();
      throw new IllegalStateException(Files.readString(directory.resolve("prometheus.log")), e);
    }
    return started;
  }

  /** Runs a tool of Prometheus' to its end; its output is the message of a failure. */
  static String promtool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (tool.waitFor() != 0) {
      throw new AssertionError(command + "\n" + output);
    }
    return output;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private boolean ready() {
    if (!process.isAlive()) {
      throw new IllegalStateException("Prometheus ended with code " + process.exitValue());
    }
    try {
      return http.send(
                  HttpRequest.newBuilder(URI.create(url + "/-/ready"))
                      .timeout(Duration.ofSeconds(10))
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false; // Not listening yet.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Asks for one value per series, now. */
  Answer query(String expression) {
    return answer(get("/api/v1/query", Map.of("query", expression)));
  }

  /** Asks for the values of the last minute, as a graph does. */
  Answer range(String expression) {
    long now = System.currentTimeMillis() / 1000;
    return answer(
        get(
            "/api/v1/query_range",
            Map.of(
                "query",
                expression,
                "start",
                Long.toString(now - 60),
                "end",
                Long.toString(now),
                "step",
                "5")));
  }

  private static Answer answer(JsonNode response) {
    return new Answer(response.path("data").path("result").size(), response.path("error").asText());
  }

  /** The rules as Prometheus evaluates them. */
  List<JsonNode> rules() {
    List<JsonNode> rules = new ArrayList<>();
    for (JsonNode group : get("/api/v1/rules", Map.of()).path("data").path("groups")) {
      group.path("rules").forEach(rules::add);
    }
    return rules;
  }

  /** The names of all series that were scraped or recorded. */
  Set<String> names() {
    TreeSet<String> names = new TreeSet<>();
    get("/api/v1/label/__name__/values", Map.of())
        .path("data")
        .forEach(name -> names.add(name.asText()));
    return names;
  }

  private JsonNode get(String path, Map<String, String> parameters) {
    StringBuilder query = new StringBuilder();
    parameters.forEach(
        (name, value) ->
            query
                .append(query.isEmpty() ? "?" : "&")
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create(url + path + query))
                  .timeout(Duration.ofSeconds(60))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return json.readTree(response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
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
