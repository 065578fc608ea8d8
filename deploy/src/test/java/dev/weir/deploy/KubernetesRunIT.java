package dev.weir.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.EventProducer;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import javax.net.ssl.HttpsURLConnection;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The pods of an overlay on this machine, without a cluster: Kafka with mutual TLS and the users'
 * rules, and each service with its arguments, variables and mounts in the image's surroundings. A
 * whole loop goes through, so the rules are enough; and what they do not name is refused. The
 * overlay for production goes through with its secrets: API keys, HTTPS and signed adapters.
 */
@Timeout(900)
class KubernetesRunIT {

  private static final Duration SOON = Duration.ofMinutes(5);
  private static final String OPS = " ops";
  private static final Topics TOPICS = Topics.DEFAULT;

  @TempDir Path directory;
  private final Map<String, Container> running = new TreeMap<>();
  private final Map<String, Integer> ports = new HashMap<>();
  private final Map<String, Integer> restarts = new HashMap<>();
  private @Nullable Secrets secrets;

  @ParameterizedTest
  @ValueSource(strings = {"dev", "cpu"})
  void aWholeLoopGoesThroughWithTheRightsOfTheManifestsAndNoOthers(String overlay)
      throws Exception {
    Manifests manifests = Manifests.render(overlay);
    HostImage image = HostImage.build(directory);
    try (SecuredKafka kafka = SecuredKafka.start(manifests, directory)) {
      secrets = new Secrets(kafka, image, directory);
      for (String name : manifests.pods().keySet()) {
        ports.put(name, HostKafka.freePort());
        ports.put(name + OPS, HostKafka.freePort());
        start(image, manifests, kafka, name);
      }
      for (String name : manifests.pods().keySet()) {
        await(name + " ready")
            .atMost(SOON)
            .pollInterval(Duration.ofSeconds(1))
            .until(() -> ready(image, manifests, kafka, name));
      }
      Release decision = Application.run(kafka.client("weir-app"), kafka.client("weir-trainer"));
      assertThat(decision.state()).as("%s", decision).isEqualTo(Release.State.PROMOTED);
      assertConsoleSeesAllTopics(manifests);
      if (overlay.equals("cpu")) {
        assertClosed(manifests);
      }
      assertScalerSeesTheLag(kafka);
      assertRefused(kafka);
      for (Container each : running.values()) {
        each.stop(SOON.toSeconds());
      }
    }
  }

  @AfterEach
  void kill() {
    running.values().forEach(Container::close);
  }

  /** The event streams read topics that nothing else of inference reads. */
  private void assertConsoleSeesAllTopics(Manifests manifests)
      throws IOException, GeneralSecurityException {
    Set<String> awaited =
        new HashSet<>(Set.of("review", "classification", "example", "batch", "training"));
    HttpURLConnection connection =
        open(
            manifests,
            "weir-inference",
            "",
            "/v1/stream?feeds=reviews,classifications,examples,batches,"
                + "label-requests,training,adapters&last=100");
    connection.setReadTimeout((int) SOON.toMillis());
    if (!secrets().apiKey().isEmpty()) {
      connection.setRequestProperty("Authorization", "Bearer " + secrets().apiKey());
    }
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine();
          line != null && !awaited.isEmpty();
          line = lines.readLine()) {
        if (line.startsWith("event:")) {
          awaited.remove(line.substring("event:".length()).strip());
        }
      }
    }
    assertThat(awaited).as("kinds of events that did not come").isEmpty();
  }

  /** Without a key nothing is shown; plain HTTP is not spoken; what was published is signed. */
  private void assertClosed(Manifests manifests) throws IOException, GeneralSecurityException {
    assertThat(open(manifests, "weir-inference", "", "/v1/adapters").getResponseCode())
        .isEqualTo(401);
    for (String port : ports.keySet()) {
      if (port.endsWith(OPS) || port.equals("weir-inference")) {
        URI plain = URI.create("http://127.0.0.1:" + ports.get(port) + "/metrics");
        assertThatThrownBy(
                () -> ((HttpURLConnection) plain.toURL().openConnection()).getResponseCode())
            .as("plain HTTP on the port of %s", port)
            .isInstanceOf(IOException.class);
      }
    }
    try (Stream<Path> files = Files.walk(directory.resolve("volume-adapters"))) {
      assertThat(files.map(file -> file.getFileName().toString())).contains(Manifest.SIGNATURE);
    }
  }

  /** The way of the pod's own probe: plain, or HTTPS with the certificate of its secret. */
  private HttpURLConnection open(Manifests manifests, String name, String port, String path)
      throws IOException, GeneralSecurityException {
    String scheme = probe(manifests, name).getScheme();
    boolean https = "HTTPS".equals(scheme);
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create((https ? "https" : "http") + "://127.0.0.1:" + ports.get(name + port) + path)
                .toURL()
                .openConnection();
    if (connection instanceof HttpsURLConnection secure) {
      secure.setSSLSocketFactory(secrets().believing().getSocketFactory());
    }
    return connection;
  }

  private static HTTPGetAction probe(Manifests manifests, String name) {
    return Objects.requireNonNull(manifests.pods().get(name))
        .getContainers()
        .get(0)
        .getReadinessProbe()
        .getHttpGet();
  }

  private Secrets secrets() {
    return Objects.requireNonNull(secrets);
  }

  /** What KEDA asks for, with its rights. */
  private static void assertScalerSeesTheLag(SecuredKafka kafka)
      throws IOException, InterruptedException, GeneralSecurityException, ExecutionException {
    try (Admin admin = Admin.create(kafka.client("weir-scaler"))) {
      assertThat(
              admin
                  .listConsumerGroupOffsets("weir-inference")
                  .partitionsToOffsetAndMetadata()
                  .get())
          .isNotEmpty();
      assertThat(
              admin
                  .listOffsets(Map.of(new TopicPartition(TOPICS.reviews(), 0), OffsetSpec.latest()))
                  .all()
                  .get())
          .hasSize(1);
    }
  }

  private static void assertRefused(SecuredKafka kafka)
      throws IOException, InterruptedException, GeneralSecurityException {
    for (String user : List.of("weir-app", "weir-curation", "weir-scaler")) {
      try (EventProducer producer = new EventProducer(kafka.client(user))) {
        assertThatThrownBy(
                () -> {
                  producer.send(TOPICS.adapters(), "default", Map.of("adapter", "default"));
                  producer.flush();
                })
            .as("%s writing to %s", user, TOPICS.adapters())
            .hasStackTraceContaining(TopicAuthorizationException.class.getSimpleName());
      }
    }
  }

  private void start(HostImage image, Manifests manifests, SecuredKafka kafka, String name)
      throws IOException, InterruptedException, GeneralSecurityException {
    PodSpec pod = Objects.requireNonNull(manifests.pods().get(name));
    io.fabric8.kubernetes.api.model.Container container = pod.getContainers().get(0);
    Map<String, String> variables = manifests.environment(container, name + "-0");
    variables.put("WEIR_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    variables.put("WEIR_OPS_PORT", String.valueOf(ports.get(name + OPS)));
    variables.put("WEIR_HTTP_PORT", String.valueOf(ports.get(name)));
    // Here is one broker, whatever the overlay has.
    variables.put("WEIR_REPLICATION", "1");
    // One decision is enough to see, and the quick one will do.
    variables.put("WEIR_TRAIN_METHODS", "head-refresh");
    variables.put(
        "JDK_JAVA_OPTIONS",
        "-XX:MaxRAM="
            + io.fabric8.kubernetes.api.model.Quantity.getAmountInBytes(
                    container.getResources().getLimits().get("memory"))
                .longValue());
    running.put(
        name, image.start(name, container.getArgs(), variables, mounts(manifests, name, pod)));
  }

  private List<ComposeFile.Mount> mounts(Manifests manifests, String name, PodSpec pod)
      throws IOException, InterruptedException, GeneralSecurityException {
    Map<String, Volume> volumes = new HashMap<>();
    pod.getVolumes().forEach(each -> volumes.put(each.getName(), each));
    List<ComposeFile.Mount> mounts = new ArrayList<>();
    for (VolumeMount mount : pod.getContainers().get(0).getVolumeMounts()) {
      Volume volume = volumes.get(mount.getName());
      // The store is one volume for all; the others are each pod's own.
      boolean shared = volume != null && volume.getPersistentVolumeClaim() != null;
      Path here = directory.resolve("volume-" + (shared ? "" : name + "-") + mount.getName());
      if (!Files.exists(here)) {
        Files.createDirectories(here);
        fill(here, volume, manifests);
      }
      boolean readOnly = Boolean.TRUE.equals(mount.getReadOnly());
      mounts.add(
          new ComposeFile.Mount(here.toString(), mount.getMountPath(), readOnly ? "ro" : "rw"));
    }
    return mounts;
  }

  private void fill(Path here, @Nullable Volume volume, Manifests manifests)
      throws IOException, InterruptedException, GeneralSecurityException {
    if (volume != null && volume.getConfigMap() != null) {
      for (var each : manifests.configMap(volume.getConfigMap().getName()).getData().entrySet()) {
        Files.writeString(here.resolve(each.getKey()), each.getValue());
      }
    } else if (volume != null && volume.getSecret() != null) {
      for (var each : secrets().files(volume.getSecret().getSecretName()).entrySet()) {
        Files.writeString(here.resolve(each.getKey()), each.getValue());
      }
    } else {
      // What fsGroup does.
      Files.setAttribute(here, "unix:uid", 65532);
      Files.setAttribute(here, "unix:gid", 65532);
    }
  }

  /** The readiness probe; what ends is started again, as the kubelet does. */
  private boolean ready(HostImage image, Manifests manifests, SecuredKafka kafka, String name)
      throws IOException, InterruptedException, GeneralSecurityException {
    Container container = Objects.requireNonNull(running.get(name));
    if (!container.process().isAlive()) {
      assertThat(restarts.merge(name, 1, Integer::sum))
          .as(() -> name + " ends again and again: " + container.logs())
          .isLessThan(4);
      start(image, manifests, kafka, name);
    }
    try {
      HttpURLConnection connection = open(manifests, name, OPS, probe(manifests, name).getPath());
      connection.setConnectTimeout(3000);
      connection.setReadTimeout(3000);
      return connection.getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }
}
