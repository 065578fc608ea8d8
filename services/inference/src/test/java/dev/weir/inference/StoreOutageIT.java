package dev.weir.inference;

import static dev.weir.inference.TestingArtifacts.champion;
import static dev.weir.inference.TestingArtifacts.publish;
import static dev.weir.inference.TestingArtifacts.release;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreConfig;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingS3;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The S3 server goes away under a service that serves from it, and comes back. */
class StoreOutageIT {

  /** A failed load waits up to a minute before it is tried again. */
  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir Path directory;
  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final HttpClient client = HttpClient.newHttpClient();
  private final Metrics metrics = new Metrics();
  private TestingS3 server;
  private BaseModel base;
  private KafkaProducer<byte[], byte[]> producer;

  @BeforeEach
  void provision() throws IOException {
    server = TestingS3.start(directory.resolve("s3"), 0);
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, SOON).ensure(topics.all(2, (short) 1));
    }
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  @AfterEach
  void close() {
    producer.close();
    base.close();
    metrics.close();
    server.close();
  }

  @Test
  void answersGoOnAndAReleaseOfTheOutageIsLoadedAfterIt() throws Exception {
    StoreConfig.S3 s3 = server.config("", directory.resolve("cache"), 1 << 30);
    try (ArtifactStore store = new StoreConfig(directory, Optional.of(s3)).open()) {
      announce(1, publish(store, base, id(1), "negative"));
      String second = publish(store, base, id(2), "positive");
      try (InferenceService service = service(store)) {
        service.start();
        await().atMost(SOON).until(() -> adapter(service).at("/serving/version").asInt() == 1);
        await().atMost(SOON).until(() -> get(service, "/health/ready").statusCode() == 200);

        server.close();
        announce(2, second);
        await().atMost(SOON).until(() -> adapter(service).at("/failure/version").asInt() == 2);

        JsonNode failure = adapter(service).get("failure");
        assertThat(failure.get("reason").asText()).isEqualTo("store-io");
        assertThat(failure.get("message").asText()).contains("s3://adapters/", "WEIR_S3_ENDPOINT");
        assertThat(failure.hasNonNull("retryAt")).as("%s", failure).isTrue();
        assertThat(metrics.scrape())
            .contains("weir_inference_versions_failing 1.0")
            .containsPattern(
                "weir_inference_loads_total\\{reason=\"store-io\",result=\"failed\"} [1-9]");
        HttpResponse<String> ready = get(service, "/health/ready");
        assertThat(ready.statusCode()).as(ready.body()).isEqualTo(200);
        assertAnswered(service, 1, "negative", "during");
        HttpResponse<String> refused = post(service, "/v1/adapters/default/rollback", "{}");
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
        assertThat(refused.body()).contains("store-io");

        server = server.again();
        await().atMost(SOON).until(() -> adapter(service).at("/serving/version").asInt() == 2);
        assertThat(adapter(service).has("failure")).isFalse();
        assertThat(metrics.scrape()).contains("weir_inference_versions_failing 0.0");
        assertAnswered(service, 2, "positive", "after");
      }
    }
  }

  /** Over HTTP and over Kafka. */
  private void assertAnswered(InferenceService service, int version, String label, String id)
      throws Exception {
    HttpResponse<String> response = post(service, "/v1/classify", "{\"text\":\"a film\"}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode result = EventJson.mapper().readTree(response.body()).at("/results/0");
    assertThat(result.get("version").asInt()).isEqualTo(version);
    assertThat(result.get("label").asText()).isEqualTo(label);
    send(topics.reviews(), id, EventJson.write(Review.of(id, "a film")));
    // The first by version 1, the second by version 2.
    Classification last =
        TestBroker.readAll(topics.classifications(), version, SOON).stream()
            .map(record -> EventJson.read(record.value(), Classification.class))
            .filter(answer -> answer.reviewId().equals(id))
            .findFirst()
            .orElseThrow();
    assertThat(last.version()).isEqualTo(version);
    assertThat(last.label()).isEqualTo(label);
  }

  private InferenceService service(ArtifactStore store) {
    return new InferenceService(
        TestingConfig.of(
            topics, AdapterCatalog.SENTIMENT, directory.resolve("copies"), 16, 0, "one"),
        metrics,
        new Health(),
        base,
        store);
  }

  private void announce(int version, String digest) throws Exception {
    send(
        topics.adapters(),
        id(version).toString(),
        EventJson.write(release(base, id(version), digest)));
    send(topics.adapters(), "default", EventJson.write(champion(id(version), digest)));
  }

  private void send(String topic, String key, byte[] value) throws Exception {
    producer.send(new ProducerRecord<>(topic, key.getBytes(UTF_8), value)).get();
  }

  private JsonNode adapter(InferenceService service) throws Exception {
    return EventJson.mapper().readTree(get(service, "/v1/adapters/default").body());
  }

  private HttpResponse<String> get(InferenceService service, String path) throws Exception {
    return client.send(request(service, path).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(InferenceService service, String path, String body)
      throws Exception {
    return client.send(
        request(service, path).POST(BodyPublishers.ofString(body)).build(),
        BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(InferenceService service, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
        .header("Content-Type", "application/json");
  }

  private static AdapterId id(int version) {
    return new AdapterId("default", version);
  }
}
