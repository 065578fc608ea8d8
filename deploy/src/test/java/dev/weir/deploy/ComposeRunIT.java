package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.contract.release.Release;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code docker compose up} on this machine, without an engine: Kafka from the file's variables,
 * and each service with its command, its variables, its volumes and its health check in the image's
 * surroundings. Only ports are others, since these containers share one network.
 */
@Timeout(600)
class ComposeRunIT {

  private static final Duration SOON = Duration.ofMinutes(4);
  private static final List<String> SERVICES = List.of("curation", "trainer", "inference");

  @TempDir Path directory;
  private final ComposeFile compose = ComposeFile.read("docker-compose.yml");
  private final Map<String, Container> running = new TreeMap<>();
  private final Map<String, Integer> restarts = new HashMap<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final Map<String, Path> volumes = new HashMap<>();

  @Test
  void comesUpAnswersOverHttpAndKafkaAndStopsInOrder() throws Exception {
    HostImage image = HostImage.build(directory);
    for (String port :
        List.of("19092", "9092", "9093", "9000", "8080", "curation", "trainer", "inference")) {
      ports.put(port, HostKafka.freePort());
    }
    startKafka();
    startS3();
    for (String name : SERVICES) {
      start(image, name);
    }
    for (String name : SERVICES) {
      awaitHealthy(image, name);
    }

    JsonNode answer = classifyOverHttp();
    assertThat(answer.at("/results/0/reason/code").asText()).isEqualTo("no-adapter");
    // Over the port that the file opens to this machine.
    Map<String, Object> kafka = Map.of("bootstrap.servers", "127.0.0.1:" + ports.get("9092"));
    Release decision = Application.run(kafka, kafka);
    assertThat(decision.state()).as("%s", decision).isEqualTo(Release.State.PROMOTED);
    await("an answer by the adapter that came through the store")
        .atMost(SOON)
        .until(() -> !classifyOverHttp().at("/results/0/abstained").asBoolean());

    for (String name : SERVICES) {
      assertThat(container(name).process().isAlive()).as(() -> container(name).logs()).isTrue();
      System.out.printf(
          "test-deploy: %s used %d MiB of %s at most%n",
          name, container(name).peakMemory() >> 20, service(name).memoryLimit());
      assertThat(container(name).peakMemory())
          .as("%s within its limit of %s", name, service(name).memoryLimit())
          .isLessThan(bytes(service(name).memoryLimit()));
    }
    for (String name : SERVICES) {
      container(name).stop(SOON.toSeconds());
    }
  }

  @AfterEach
  void kill() {
    running.values().forEach(Container::close);
  }

  private void startKafka() throws IOException, InterruptedException {
    Map<String, String> variables = new TreeMap<>();
    service("kafka").environment().forEach((name, value) -> variables.put(name, here(value)));
    Properties properties = HostKafka.properties(variables);
    properties.setProperty("log.dirs", directory.resolve("kafka").toString());
    Container kafka = HostKafka.start(properties, directory);
    running.put("kafka", kafka);
    HostKafka.awaitAnswers(kafka, Map.of("bootstrap.servers", here("kafka:19092")));
  }

  /** An S3 server with the bucket that the file's container makes, in MinIO's place. */
  private void startS3() throws IOException {
    Map<String, String> variables = service("trainer").environment();
    running.put(
        "minio",
        HostS3.start(
            directory,
            Objects.requireNonNull(ports.get("9000")),
            variables.get("AWS_ACCESS_KEY_ID"),
            variables.get("AWS_SECRET_ACCESS_KEY"),
            "weir"));
  }

  private void start(HostImage image, String name) throws IOException {
    ComposeFile.Service service = service(name);
    running.put(name, image.start(name, service.command(), variables(name), mounts(service)));
  }

  /** Names and ports of the containers' network as they are on this machine. */
  private String here(String value) {
    return value
        .replace("kafka:", "127.0.0.1:")
        .replace("minio:", "127.0.0.1:")
        .replace("localhost:", "127.0.0.1:")
        .replace("://:", "://127.0.0.1:")
        .replace(":19092", ":" + ports.get("19092"))
        .replace(":9000", ":" + ports.get("9000"))
        .replace(":9092", ":" + ports.get("9092"))
        .replace(":9093", ":" + ports.get("9093"));
  }

  private Map<String, String> variables(String name) {
    Map<String, String> variables = new TreeMap<>();
    service(name).environment().forEach((key, value) -> variables.put(key, here(value)));
    variables.replace("WEIR_OPS_PORT", String.valueOf(ports.get(name)));
    variables.replace("WEIR_HTTP_PORT", String.valueOf(ports.get("8080")));
    // What the engine tells the JVM through the control group.
    variables.put("JDK_JAVA_OPTIONS", "-XX:MaxRAM=" + service(name).memoryLimit());
    return variables;
  }

  private List<ComposeFile.Mount> mounts(ComposeFile.Service service) throws IOException {
    List<ComposeFile.Mount> mounts = new ArrayList<>();
    for (ComposeFile.Mount each : service.mounts()) {
      Path here = volumes.get(each.source());
      if (here == null) {
        here = Files.createDirectories(directory.resolve("volume-" + each.source()));
        // A new volume is as the image's directory is: its user's.
        Files.setAttribute(here, "unix:uid", 65532);
        Files.setAttribute(here, "unix:gid", 65532);
        volumes.put(each.source(), here);
      }
      mounts.add(new ComposeFile.Mount(here.toString(), each.target(), each.mode()));
    }
    return mounts;
  }

  /** Runs the health check as the engine does, until it succeeds; what ends is started again. */
  private void awaitHealthy(HostImage image, String name) {
    List<String> test = new ArrayList<>(service(name).healthCheck());
    test.remove(0);
    test.replaceAll(
        word ->
            word.replace(":9404/", ":" + ports.get(name) + "/")
                .replace(":8080/", ":" + ports.get("8080") + "/"));
    await(name + " healthy")
        .atMost(SOON)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              if (!container(name).process().isAlive()) {
                assertThat(restarts.merge(name, 1, Integer::sum))
                    .as(() -> name + " ends again and again: " + container(name).logs())
                    .isLessThan(4);
                start(image, name);
              }
              try (Container probe = image.run("probe-" + name, test, Map.of(), List.of())) {
                return probe.process().waitFor() == 0;
              }
            });
  }

  private JsonNode classifyOverHttp() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.get("8080") + "/v1/classify"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"text\":\"What a treat!\"}"))
            .build();
    HttpResponse<byte[]> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
    assertThat(response.statusCode()).isEqualTo(200);
    return new ObjectMapper().readTree(response.body());
  }

  private ComposeFile.Service service(String name) {
    return Objects.requireNonNull(compose.services().get(name));
  }

  private Container container(String name) {
    return Objects.requireNonNull(running.get(name));
  }

  private static long bytes(String written) {
    long number = Long.parseLong(written.substring(0, written.length() - 1));
    return written.endsWith("g") ? number << 30 : number << 20;
  }
}
