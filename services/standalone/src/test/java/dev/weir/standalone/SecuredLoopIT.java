package dev.weir.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.broker.EmbeddedBroker;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.curation.CurationConfig;
import dev.weir.curation.CurationService;
import dev.weir.inference.InferenceConfig;
import dev.weir.inference.InferenceService;
import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.Scope;
import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.ServiceProcess;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.standalone.loop.TopicReader;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingCertificate;
import dev.weir.testing.TestingSigner;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.loop.TrainerService;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole loop with everything locked: Kafka asks each client for TLS and a password, HTTP is
 * HTTPS with keys, adapters are signed.
 */
class SecuredLoopIT {

  private static final Duration SOON = Duration.ofMinutes(4);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path directory;
  private final Map<String, String> environment = new HashMap<>();
  private TestingCertificate certificate;
  private HttpClient sharedClient;

  @Test
  @Timeout(600)
  void trainsAndServesOverSaslSslAndBelievesNoOtherTrainer() throws Exception {
    certificate = TestingCertificate.make(directory, "server", "RSA");
    try (EmbeddedBroker broker = broker()) {
      broker.start();
      lock(broker.securedBootstrapServers());
      assertKafkaRefusesClientsWithoutPassword(broker.securedBootstrapServers());
      ServiceProcess.provision(settings());
      try (Lifecycle parts = new Lifecycle()) {
        InferenceService inference = start(parts);
        everyoneIsServed(inference.port());
      }
      anotherTrainersAdapterIsRefused();
    }
  }

  private void everyoneIsServed(int port) throws Exception {
    HttpResponse<InputStream> stream =
        client().send(request(port, "/v1/stream/adapters", "reader"), BodyHandlers.ofInputStream());
    try (BufferedReader events = new BufferedReader(new InputStreamReader(stream.body(), UTF_8))) {
      awaitLine(events, ": listening");
      for (int i = 0; i < 120; i++) {
        boolean good = i % 2 == 0;
        String text = (good ? "a great film, good plot " : "an awful film, bad plot ") + i;
        String label = good ? "positive" : "negative";
        String body =
            JSON.writeValueAsString(Map.of("text", text, "label", label, "source", "boss"));
        assertThat(post(port, "/v1/feedback", "giver", body).statusCode()).isEqualTo(202);
      }
      awaitLine(events, "event: champion");
    }
    await().atMost(SOON).until(() -> version(port) > 0);
    assertThat(post(port, "/v1/adapters/default/pin", "reader", "{}").statusCode()).isEqualTo(403);
    assertThat(post(port, "/v1/adapters/default/pin", "boss", "{}").statusCode()).isEqualTo(202);
    aReviewIsAnsweredOverKafka();
    feedbackIsTheKeysWhateverItSays();

    Path artifact =
        new FileArtifactStore(directory.resolve("store"))
            .fetch(new AdapterId("default", version(port)), digest(port), name -> false);
    assertThat(artifact.resolve(Manifest.SIGNATURE)).isRegularFile();
  }

  private void aReviewIsAnsweredOverKafka() {
    var topics = settings().get(CommonSettings.TOPIC_PREFIX);
    Map<String, Object> kafka = CommonSettings.kafka(settings());
    try (EventProducer producer = new EventProducer(kafka);
        TopicReader answers = TopicReader.open(kafka, List.of(topics.classifications()), false)) {
      producer.send(topics.reviews(), "r1", Map.of("id", "r1", "text", "a great film"));
      producer.flush();
      await().atMost(SOON).until(() -> !answers.poll(Duration.ofMillis(200)).isEmpty());
    }
  }

  private void feedbackIsTheKeysWhateverItSays() {
    try (TopicReader feedback =
        TopicReader.open(
            CommonSettings.kafka(settings()),
            List.of(settings().get(CommonSettings.TOPIC_PREFIX).feedback()),
            true)) {
      List<String> sources = new ArrayList<>();
      await()
          .atMost(SOON)
          .until(
              () -> {
                for (var record : feedback.poll(Duration.ofMillis(200))) {
                  sources.add(JSON.readTree(record.value()).path("source").asText());
                }
                return sources.size() >= 120;
              });
      assertThat(sources).containsOnly("giver");
    }
  }

  /** A second replica that trusts another key only, with nothing on its own disk. */
  private void anotherTrainersAdapterIsRefused() throws Exception {
    TestingSigner foreign = TestingSigner.make(directory, "foreign");
    environment.put("WEIR_TRUSTED_KEYS", foreign.publicKey().toString());
    environment.remove("WEIR_SIGNING_KEY");
    environment.put("WEIR_SERVE_CACHE_DIR", directory.resolve("second-cache").toString());
    try (Lifecycle parts = new Lifecycle()) {
      InferenceService inference = inference(parts, settings());
      inference.start();
      assertThat(inference.awaitAdapters(SOON)).isTrue();
      JsonNode adapter = get(inference.port(), "/v1/adapters/default");
      assertThat(adapter.has("serving")).isFalse();
      assertThat(adapter.at("/failure/reason").asText()).isEqualTo("signature-unknown-key");
      assertThat(directory.resolve("second-cache"))
          .satisfiesAnyOf(
              cache -> assertThat(cache).doesNotExist(),
              cache -> assertThat(cache).isEmptyDirectory());
    }
  }

  private static void assertKafkaRefusesClientsWithoutPassword(String servers) {
    Map<String, Object> open =
        Map.of(
            "bootstrap.servers",
            servers,
            "request.timeout.ms",
            "2000",
            "default.api.timeout.ms",
            "3000");
    try (Admin admin = Admin.create(open)) {
      assertThatThrownBy(() -> admin.describeCluster().nodes().get())
          .isInstanceOf(ExecutionException.class);
    }
  }

  private EmbeddedBroker broker() {
    String secured = "listener.name.secured.";
    return new EmbeddedBroker(
        new EmbeddedBroker.Settings(
            directory.resolve("kafka"),
            0,
            Map.of(
                secured + "sasl.enabled.mechanisms",
                "PLAIN",
                secured + "plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required"
                    + " user_weir=\"secret\";",
                secured + "ssl.keystore.type",
                "PKCS12",
                secured + "ssl.keystore.location",
                certificate.store().toString(),
                secured + "ssl.keystore.password",
                TestingCertificate.PASSWORD,
                secured + "ssl.key.password",
                TestingCertificate.PASSWORD),
            Optional.of("SASL_SSL")));
  }

  private void lock(String bootstrapServers) throws IOException {
    Path client =
        Files.writeString(
            directory.resolve("client.properties"),
            """
            security.protocol=SASL_SSL
            sasl.mechanism=PLAIN
            sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
            username="weir" password="secret";
            ssl.truststore.type=PKCS12
            ssl.truststore.location=%s
            ssl.truststore.password=%s
            """
                .formatted(certificate.trusted(), TestingCertificate.PASSWORD));
    TestingSigner signer = TestingSigner.make(directory, "trainer");
    environment.put("WEIR_BOOTSTRAP_SERVERS", bootstrapServers);
    environment.put("WEIR_KAFKA_CLIENT_CONFIG", client.toString());
    environment.put("WEIR_TOPIC_PREFIX", "locked-");
    environment.put(
        "WEIR_BASE_MODEL", TestingBaseModel.write(directory.resolve("base"), 1).toString());
    environment.put("WEIR_STORE_DIR", directory.resolve("store").toString());
    environment.put("WEIR_CURATION_STATE_DIR", directory.resolve("streams").toString());
    environment.put("WEIR_SERVE_CACHE_DIR", directory.resolve("cache").toString());
    environment.put("WEIR_HTTP_PORT", "0");
    environment.put("WEIR_HTTP_KEYS_FILE", keys().toString());
    environment.put("WEIR_TLS_CERTIFICATE", certificate.certificate().toString());
    environment.put("WEIR_TLS_KEY", certificate.key().toString());
    environment.put("WEIR_SIGNING_KEY", signer.privateKey().toString());
    environment.put("WEIR_TRUSTED_KEYS", signer.publicKey().toString());
    environment.put("WEIR_TRAIN_EPOCHS", "2");
    environment.put("WEIR_TRAIN_LEARNING_RATE", "0.005");
    environment.put("WEIR_TRAIN_THREADS", "1");
    environment.put("WEIR_TRAIN_PASS_OVER", "0");
    environment.put("WEIR_TRAIN_MIN_HOLDOUT", "5");
    environment.put("WEIR_CURATION_FIRST_HOLDOUT", "5");
  }

  private Path keys() throws IOException {
    return Files.write(
        directory.resolve("keys"),
        List.of(
            ApiKey.of("reader", Set.of(Scope.CLASSIFY), "reader").line(),
            ApiKey.of("giver", Set.of(Scope.FEEDBACK), "giver").line(),
            ApiKey.of("boss", Set.of(Scope.ADMIN), "boss").line()));
  }

  private Settings settings() {
    List<Setting<?>> all = new ArrayList<>(CommonSettings.all());
    all.addAll(LocalLoop.serviceSettings());
    return Settings.read(all, environment);
  }

  private InferenceService start(Lifecycle parts) {
    Settings settings = settings();
    Metrics metrics = parts.add("metrics", new Metrics());
    InferenceService inference = inference(parts, settings);
    inference.start();
    parts
        .add("curation", new CurationService(CurationConfig.from(settings), metrics, new Health()))
        .start();
    BaseModel base = parts.add("base", BaseModel.load(settings.get(CommonSettings.BASE_MODEL)));
    parts
        .add(
            "trainer",
            new TrainerService(TrainerConfig.from(settings), metrics, new Health(), base))
        .start();
    return inference;
  }

  private InferenceService inference(Lifecycle parts, Settings settings) {
    BaseModel base = parts.add("base", BaseModel.load(settings.get(CommonSettings.BASE_MODEL)));
    return parts.add(
        "inference",
        new InferenceService(
            InferenceConfig.from(settings),
            parts.add("metrics", new Metrics()),
            new Health(),
            base,
            parts.add("store", new FileArtifactStore(directory.resolve("store")))));
  }

  private HttpClient client() {
    return HttpClient.newBuilder().sslContext(TestingCertificate.trusting(certificate)).build();
  }

  private int version(int port) throws Exception {
    return get(port, "/v1/adapters/default").at("/serving/version").asInt();
  }

  private String digest(int port) throws Exception {
    return get(port, "/v1/adapters/default").at("/serving/digest").asText();
  }

  private JsonNode get(int port, String path) throws Exception {
    return JSON.readTree(
        client().send(request(port, path, "reader"), BodyHandlers.ofString()).body());
  }

  private HttpResponse<String> post(int port, String path, String key, String body)
      throws Exception {
    return shared()
        .send(
            HttpRequest.newBuilder(uri(port, path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
  }

  /** One connection for many requests: a handshake each would be most of the test. */
  private HttpClient shared() {
    if (sharedClient == null) {
      sharedClient = client();
    }
    return sharedClient;
  }

  private static HttpRequest request(int port, String path, String key) {
    return HttpRequest.newBuilder(uri(port, path)).header("Authorization", "Bearer " + key).build();
  }

  private static URI uri(int port, String path) {
    return URI.create("https://127.0.0.1:" + port + path);
  }

  private static void awaitLine(BufferedReader lines, String wanted) throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals(wanted)) {
        return;
      }
    }
    throw new IOException("the stream ended before '" + wanted + "'");
  }
}
