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
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InferenceServiceIT {

  private static final Duration SOON = Duration.ofSeconds(40);

  @TempDir Path directory;
  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final List<AutoCloseable> open = new ArrayList<>();
  private BaseModel base;
  private FileArtifactStore store;
  private KafkaProducer<byte[], byte[]> producer;

  @BeforeEach
  void provision() {
    try (Admin admin = TestBroker.admin()) {
      new TopicProvisioner(admin, SOON).ensure(topics.all(2, (short) 1));
    }
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    store = new FileArtifactStore(directory.resolve("store"));
    producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                TestBroker.bootstrapServers(),
                "max.request.size",
                Topics.MAX_MESSAGE_BYTES),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    producer.close();
    base.close();
  }

  private InferenceService service(Health health, String instance) {
    Metrics metrics = new Metrics();
    InferenceConfig config =
        TestingConfig.of(
            topics,
            AdapterCatalog.SENTIMENT,
            directory.resolve("copies-" + instance),
            16,
            0.2,
            instance);
    InferenceService service = new InferenceService(config, metrics, health, base, store);
    open.add(0, service);
    open.add(metrics);
    service.start();
    return service;
  }

  @Test
  void goodReviewsGetOneAnswerAndBadOnesOneDeadLetter() throws Exception {
    Map<String, byte[]> bad = new HashMap<>();
    bad.put("broken", "{\"id\":".getBytes(UTF_8));
    bad.put("missing", "{\"id\":\"missing\"}".getBytes(UTF_8));
    bad.put("empty", "{\"text\":\"  \"}".getBytes(UTF_8));
    bad.put("huge", ("{\"text\":\"" + "a".repeat(2 << 20) + "\"}").getBytes(UTF_8));
    bad.put("null", null);
    for (Map.Entry<String, byte[]> each : bad.entrySet()) {
      send(topics.reviews(), each.getKey(), each.getValue());
    }
    for (int i = 0; i < 40; i++) {
      review("r" + i, "a good film");
    }
    service(new Health(), "one");

    Map<String, Classification> answers = classifications(40);
    assertThat(answers).hasSize(40);
    Classification first = answers.get("r0");
    assertThat(first.abstained()).isTrue();
    assertThat(first.reason().code()).isEqualTo("no-adapter");
    assertThat(first.version()).isNull();
    assertThat(first.input().topic()).isEqualTo(topics.reviews());

    List<ConsumerRecord<byte[], byte[]>> letters =
        TestBroker.readAll(topics.deadLetters(topics.reviews()), bad.size(), SOON);
    Map<String, String> reasons = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> letter : letters) {
      String key = new String(letter.key(), UTF_8);
      assertThat(letter.value())
          .isEqualTo(key.equals("huge") ? Arrays.copyOf(bad.get(key), 1024) : bad.get(key));
      assertThat(DeadLetter.header(letter.headers(), DeadLetter.SOURCE))
          .startsWith(topics.reviews() + "-");
      reasons.put(key, DeadLetter.header(letter.headers(), DeadLetter.REASON));
    }
    assertThat(reasons)
        .isEqualTo(
            Map.of(
                "broken", "malformed-json",
                "missing", "missing-text",
                "empty", "empty-text",
                "huge", "record-too-large",
                "null", "null-value"));
  }

  @Test
  void releasesAnswerAsSoonAsTheyAreAnnounced() throws Exception {
    Health health = new Health();
    InferenceService service = service(health, "one");
    await().atMost(SOON).until(health::ready);

    AdapterId one = new AdapterId("default", 1);
    String digest = publish(store, base, one, "positive");
    announce(one, digest);
    await().atMost(SOON).until(() -> version(service) == 1);
    review("a", "it was good");
    Classification answer = classifications(1).get("a");
    assertThat(answer.label()).isEqualTo("positive");
    assertThat(answer.version()).isEqualTo(1);
    assertThat(answer.adapterDigest()).isEqualTo(digest);
    assertThat(answer.baseDigest()).isEqualTo(base.digest());

    // LoRA needs another engine; the real one opens while the old one serves.
    AdapterId two = new AdapterId("default", 2);
    AdapterWeights random =
        TestingAdapter.random(
            base.config(), new LoraConfig(4, 8, 0, Set.of(LinearModule.QUERY)), 2, 7);
    AdapterWeights lora =
        new AdapterWeights(
            random.lora(),
            random.pairs(),
            TestingArtifacts.LABELS,
            new float[random.headWeight().length],
            new float[] {0.05f, 0});
    String second = publish(store, base, base.digest(), two, lora);
    announce(two, second);
    await().atMost(SOON).until(() -> version(service) == 2);
    review("b", "it was good");
    Classification unsure = classifications(2).get("b");
    assertThat(unsure.version()).isEqualTo(2);
    assertThat(unsure.label()).isEqualTo("negative");
    LabelRequest wanted =
        EventJson.read(
            TestBroker.readAll(topics.labelRequests(), 1, SOON).get(0).value(), LabelRequest.class);
    assertThat(wanted.reviewId()).isEqualTo("b");
    assertThat(wanted.margin()).isLessThan(0.2);

    HttpResponse<String> overHttp = post(service, "/v1/classify", "{\"text\":\"it was good\"}");
    JsonNode result = EventJson.mapper().readTree(overHttp.body()).get("results").get(0);
    assertThat(result.get("adapterDigest").asText()).isEqualTo(second);
    assertThat(result.get("scores").get("negative").asDouble())
        .isEqualTo(unsure.scores().get("negative"));
  }

  @Test
  void restartInTheMiddleLosesAndDoublesNothing() throws Exception {
    AdapterId one = new AdapterId("default", 1);
    announce(one, publish(store, base, one, "negative"));
    for (int i = 0; i < 300; i++) {
      review("r" + i, "a film " + i);
    }
    InferenceService first = service(new Health(), "first");
    TestBroker.readAll(topics.classifications(), 20, SOON);
    first.close();
    for (int i = 300; i < 400; i++) {
      review("r" + i, "a film " + i);
    }
    service(new Health(), "second");
    Map<String, Classification> answers = classifications(400);
    assertThat(answers).hasSize(400);
    // A champion that was there before the start answers from the first review on.
    assertThat(answers.values()).allMatch(answer -> Integer.valueOf(1).equals(answer.version()));
  }

  @Test
  void replicasShareTheReviewsWithoutDoublingAny() throws Exception {
    InferenceService first = service(new Health(), "first");
    for (int i = 0; i < 200; i++) {
      review("r" + i, "a film " + i);
    }
    service(new Health(), "second");
    for (int i = 200; i < 400; i++) {
      review("r" + i, "a film " + i);
    }
    TestBroker.readAll(topics.classifications(), 250, SOON);
    first.close();
    assertThat(classifications(400)).hasSize(400);
  }

  @Test
  void fencedProducersRecoverWithoutLosingOrDoubling() throws Exception {
    service(new Health(), "twin");
    for (int i = 0; i < 60; i++) {
      review("r" + i, "a film " + i);
    }
    service(new Health(), "twin");
    for (int i = 60; i < 120; i++) {
      review("r" + i, "a film " + i);
    }
    assertThat(classifications(120)).hasSize(120);
  }

  @Test
  void feedbackOverHttpReachesItsTopic() throws Exception {
    InferenceService service = service(new Health(), "one");
    HttpResponse<String> response =
        post(service, "/v1/feedback", "{\"text\":\"awful\",\"label\":\"negative\"}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
    String value = new String(TestBroker.readAll(topics.feedback(), 1, SOON).get(0).value(), UTF_8);
    assertThat(value).isEqualTo("{\"label\":\"negative\",\"text\":\"awful\"}");
  }

  private static HttpResponse<String> post(InferenceService service, String path, String body)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
            .POST(BodyPublishers.ofString(body))
            .build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
  }

  private static int version(InferenceService service) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + service.port() + "/v1/adapters/default"))
            .build();
    String body = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    JsonNode adapter = EventJson.mapper().readTree(body);
    assertThat(adapter.has("failure")).as(body).isFalse();
    return adapter.path("serving").path("version").asInt();
  }

  private void announce(AdapterId id, String digest) throws Exception {
    var release = release(base, id, digest);
    var champion = champion(id, digest);
    send(topics.adapters(), AdapterRecord.key(release), EventJson.write(release));
    send(topics.adapters(), AdapterRecord.key(champion), EventJson.write(champion));
  }

  private void review(String id, String text) throws Exception {
    send(topics.reviews(), id, EventJson.write(Review.of(id, text)));
  }

  private void send(String topic, String key, byte[] value) throws Exception {
    send(topic, key.getBytes(UTF_8), value);
  }

  private void send(String topic, byte[] key, byte[] value) throws Exception {
    producer.send(new ProducerRecord<>(topic, key, value)).get();
  }

  /** All answers by review id, after checking that each id has one and each input has one. */
  private Map<String, Classification> classifications(int count) {
    Map<String, Classification> answers = new HashMap<>();
    Set<Object> inputs = new HashSet<>();
    for (ConsumerRecord<byte[], byte[]> record :
        TestBroker.readAll(topics.classifications(), count, SOON)) {
      Classification answer = EventJson.read(record.value(), Classification.class);
      assertThat(new String(record.key(), UTF_8)).isEqualTo(answer.reviewId());
      assertThat(answers.put(answer.reviewId(), answer)).isNull();
      assertThat(inputs.add(answer.input())).isTrue();
    }
    return answers;
  }
}
