package dev.weir.inference;

import static dev.weir.inference.TestingArtifacts.champion;
import static dev.weir.inference.TestingArtifacts.publish;
import static dev.weir.inference.TestingArtifacts.release;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Topics;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.TopicProvisioner;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators say, on two replicas, a real broker and real models. */
class AdapterControlIT {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final Topics topics = new Topics(TestBroker.uniquePrefix());
  private final List<AutoCloseable> open = new ArrayList<>();
  private final HttpClient client = HttpClient.newHttpClient();
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
            Map.of("bootstrap.servers", TestBroker.bootstrapServers()),
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

  @Test
  void aRollbackAgreesOnTwoReplicasAndHoldsAgainstANewChampion() throws Exception {
    released(1, "negative");
    released(2, "positive");
    InferenceService one = service("one");
    InferenceService two = service("two");
    awaitServing(2, one, two);

    JsonNode done = accepted(post(one, "rollback", "{}"));

    assertThat(done.get("changed").asBoolean()).isTrue();
    assertThat(done.at("/champion/version").asInt()).isEqualTo(1);
    assertThat(done.at("/plan/pinned/rolledBackFrom").asInt()).isEqualTo(2);
    awaitServing(1, one, two);
    for (InferenceService replica : List.of(one, two)) {
      JsonNode result = classify(replica, "r").get(0);
      assertThat(result.get("label").asText()).isEqualTo("negative");
      assertThat(result.get("version").asInt()).isEqualTo(1);
    }
    assertThat(accepted(post(two, "rollback", "{}")).get("changed").asBoolean()).isFalse();
    assertThat(accepted(post(two, "rollback", "{\"to\":1}")).get("changed").asBoolean()).isFalse();

    // A trainer that did not see the pin in time crowns a third one.
    released(3, "positive");
    await()
        .atMost(SOON)
        .until(
            () ->
                adapter(one).at("/champion/version").asInt() == 3
                    && adapter(two).at("/champion/version").asInt() == 3);
    awaitServing(1, one, two);

    accepted(post(two, "unpin", "{}"));

    awaitServing(3, one, two);
    accepted(post(one, "promote", "{\"version\":2}"));
    awaitServing(2, one, two);
    assertThat(accepted(post(one, "promote", "{\"version\":2}")).get("changed").asBoolean())
        .isFalse();
  }

  @Test
  void aRollbackGoesToWhatServedBeforeNotToTheNumberBefore() throws Exception {
    for (int version = 1; version <= 4; version++) {
      released(version, "negative");
    }
    InferenceService one = service("one");
    InferenceService two = service("two");
    awaitServing(4, one, two);
    accepted(post(one, "promote", "{\"version\":2}"));
    awaitServing(2, one, two);

    JsonNode back = accepted(post(two, "rollback", "{}"));

    assertThat(back.at("/champion/version").asInt()).isEqualTo(4);
    assertThat(back.at("/plan/pinned/rolledBackFrom").asInt()).isEqualTo(2);
    assertThat(servedBefore(back)).containsExactly(3, 1);
    awaitServing(4, one, two);
    JsonNode again = accepted(post(one, "rollback", "{}"));
    assertThat(again.get("changed").asBoolean()).isFalse();
    assertThat(again.at("/champion/version").asInt()).isEqualTo(4);

    // Unpinned it goes one further back, and not forth to what was rolled back from.
    accepted(post(one, "unpin", "{}"));
    JsonNode further = accepted(post(two, "rollback", "{}"));
    assertThat(further.at("/champion/version").asInt()).isEqualTo(3);
    assertThat(servedBefore(further)).containsExactly(1);
    awaitServing(3, one, two);

    // What served before is gone from the store: the one that served before that.
    accepted(post(one, "unpin", "{}"));
    accepted(post(one, "pin", "{\"version\":2}"));
    store.delete(new AdapterId("default", 3));
    JsonNode last = accepted(post(two, "rollback", "{}"));
    assertThat(last.at("/champion/version").asInt()).isEqualTo(1);
    accepted(post(two, "unpin", "{}"));
    refused(409, "nothing-before", post(one, "rollback", "{}"), "served: 4, 2, 1");
  }

  @Test
  void aRollbackGoesToWhatServedNeverToWhatCouldNotBeLoaded() throws Exception {
    for (int version = 1; version <= 3; version++) {
      released(version, "negative");
    }
    Files.writeString(
        directory.resolve("store/default/2/adapter_model.safetensors"),
        "x",
        StandardOpenOption.APPEND);
    InferenceService one = service("one");
    awaitServing(3, one);

    // The records say that 2 served before 3; its files are damaged now.
    JsonNode first = accepted(post(one, "rollback", "{}"));
    assertThat(first.at("/champion/version").asInt()).isEqualTo(1);
    awaitServing(1, one);
    accepted(post(one, "unpin", "{}"));
    accepted(post(one, "promote", "{\"version\":3}"));
    awaitServing(3, one);

    accepted(post(one, "promote", "{\"version\":2}"));
    await()
        .atMost(SOON)
        .until(() -> adapter(one).at("/failure/reason").asText().equals("checksum-mismatch"));
    assertThat(adapter(one).at("/serving/version").asInt()).isEqualTo(3);
    accepted(post(one, "promote", "{\"version\":1}"));
    awaitServing(1, one);

    JsonNode back = accepted(post(one, "rollback", "{}"));
    assertThat(back.at("/champion/version").asInt()).isEqualTo(3);
    assertThat(back.at("/plan/pinned/version").asInt()).isEqualTo(3);
    awaitServing(3, one);
  }

  /** Compacted: of the champions of an earlier version of Weir only the last one is there. */
  @Test
  void aReplicaThatReadsACompactedTopicGoesBackToTheSame() throws Exception {
    for (int version = 1; version <= 3; version++) {
      AdapterId id = new AdapterId("default", version);
      String digest = publish(store, base, id, "negative");
      send(release(base, id, digest));
      if (version == 3) {
        send(topics.adapters(), "default", EventJson.write(champion(id, digest)));
      }
    }
    InferenceService one = service("one");
    awaitServing(3, one);

    assertThat(accepted(post(one, "rollback", "{}")).at("/champion/version").asInt()).isEqualTo(2);
  }

  private static List<Integer> servedBefore(JsonNode result) {
    List<Integer> versions = new ArrayList<>();
    result.at("/champion/servedBefore").forEach(each -> versions.add(each.asInt()));
    return versions;
  }

  @Test
  void aCanaryAnswersItsShareOfTheSameReviewsOnKafkaAndHttp() throws Exception {
    released(1, "negative");
    AdapterId canary = new AdapterId("default", 2);
    send(release(base, canary, publish(store, base, canary, "positive")));
    InferenceService one = service("one");
    InferenceService two = service("two");
    awaitServing(1, one, two);
    accepted(post(one, "canary", "{\"version\":2,\"share\":0.25}"));
    for (InferenceService replica : List.of(one, two)) {
      await().atMost(SOON).until(() -> adapter(replica).at("/canary/version").asInt() == 2);
    }
    String[] ids = new String[400];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = "review-" + i;
      send(topics.reviews(), ids[i], EventJson.write(Review.of(ids[i], "a film")));
    }

    Map<String, Classification> answers = read(topics.classifications(), ids.length);

    Map<String, Integer> versions = new HashMap<>();
    answers.forEach((id, answer) -> versions.put(id, answer.version()));
    long share = versions.values().stream().filter(version -> version == 2).count();
    // 100 expected; four standard deviations of a binomial are 35.
    assertThat(share).isBetween(65L, 135L);
    assertThat(answers.values())
        .allMatch(answer -> answer.label().equals(answer.version() == 2 ? "positive" : "negative"));
    for (InferenceService replica : List.of(one, two)) {
      Map<String, Integer> overHttp = new HashMap<>();
      for (JsonNode result : classify(replica, ids)) {
        overHttp.put(result.get("id").asText(), result.get("version").asInt());
      }
      assertThat(overHttp).isEqualTo(versions);
    }

    accepted(post(two, "canary", "{\"off\":true}"));
    for (InferenceService replica : List.of(one, two)) {
      await().atMost(SOON).until(() -> !adapter(replica).has("canary"));
      assertThat(classify(replica, ids)).allMatch(result -> result.get("version").asInt() == 1);
    }
  }

  @Test
  void aShadowScoresTheSameReviewsAndNeverAnswers() throws Exception {
    released(1, "negative");
    AdapterId shadow = new AdapterId("default", 2);
    send(release(base, shadow, publish(store, base, shadow, "positive")));
    InferenceService one = service("one");
    awaitServing(1, one);
    accepted(post(one, "shadow", "{\"version\":2}"));
    await().atMost(SOON).until(() -> adapter(one).at("/shadow/version").asInt() == 2);
    for (int i = 0; i < 50; i++) {
      send(topics.reviews(), "r" + i, EventJson.write(Review.of("r" + i, "a film " + i)));
    }
    send(topics.reviews(), "bad", "{}".getBytes(UTF_8));

    Map<String, Classification> shadows = read(topics.shadowClassifications(), 50);
    Map<String, Classification> answers = read(topics.classifications(), 50);

    assertThat(shadows.keySet()).isEqualTo(answers.keySet());
    assertThat(shadows.values()).allMatch(each -> each.version() == 2);
    assertThat(shadows.values()).allMatch(each -> each.label().equals("positive"));
    assertThat(shadows.get("r7").input()).isEqualTo(answers.get("r7").input());
    assertThat(answers.values()).allMatch(each -> each.version() == 1);
    assertThat(classify(one, "h0").get(0).get("version").asInt()).isEqualTo(1);
    Classification overHttp = read(topics.shadowClassifications(), 51).get("h0");
    assertThat(overHttp.version()).isEqualTo(2);
    assertThat(overHttp.label()).isEqualTo("positive");
    assertThat(overHttp.input()).isNull();

    accepted(post(one, "promote", "{\"version\":2}"));
    awaitServing(2, one);
    assertThat(adapter(one).has("shadow")).isFalse();
  }

  @Test
  void aVersionThatCannotServeIsRefusedWithTheRemedy() throws Exception {
    released(1, "negative");
    released(2, "positive");
    released(3, "positive");
    store.delete(new AdapterId("default", 2));
    send(retained(4));
    InferenceService one = service("one");
    awaitServing(3, one);

    refused(404, "unknown-version", post(one, "promote", "{\"version\":9}"), "served: 3, 1");
    refused(409, "artifact-gone", post(one, "pin", "{\"version\":2}"), "WEIR_TRAIN_KEEP_VERSIONS");
    refused(409, "version-retained", post(one, "shadow", "{\"version\":4}"), "not-better");
    refused(409, "already-serving", post(one, "canary", "{\"version\":3,\"share\":0.1}"), "3");
    refused(422, "share-out-of-range", post(one, "canary", "{\"version\":1,\"share\":0}"), "0.0");
    refused(422, "missing-field", post(one, "promote", "{}"), "version");
    refused(422, "wrong-type", post(one, "promote", "{\"version\":\"3\"}"), "number");
    refused(422, "threshold-out-of-range", post(one, "threshold", "{\"abstainBelow\":1}"), "1.0");
    refused(404, "unknown-adapter", post(one, "nobody", "promote", "{\"version\":1}"), "nobody");

    // The one before the present one is gone: the newest that is there is taken.
    assertThat(accepted(post(one, "rollback", "{}")).at("/champion/version").asInt()).isEqualTo(1);
    refused(409, "pinned", post(one, "promote", "{\"version\":3}"), "unpin");
  }

  @Test
  void anUnsureAnswerIsAbstainedAndKeepsItsScores() throws Exception {
    released(1, "negative");
    InferenceService one = service("one");
    awaitServing(1, one);

    accepted(post(one, "threshold", "{\"abstainBelow\":0.99}"));

    JsonNode result = classify(one, "r").get(0);
    assertThat(result.get("abstained").asBoolean()).isTrue();
    assertThat(result.get("label").isNull()).isTrue();
    assertThat(result.at("/reason/code").asText()).isEqualTo("low-confidence");
    assertThat(result.at("/scores/negative").asDouble()).isBetween(0.9, 0.99);
    assertThat(result.get("version").asInt()).isEqualTo(1);
    send(topics.reviews(), "r", EventJson.write(Review.of("r", "a film")));
    Classification answer = read(topics.classifications(), 1).get("r");
    assertThat(answer.abstained()).isTrue();
    assertThat(answer.label()).isNull();
    assertThat(answer.reason().code()).isEqualTo("low-confidence");
    assertThat(answer.scores().get("negative")).isEqualTo(result.at("/scores/negative").asDouble());

    accepted(post(one, "threshold", "{\"abstainBelow\":0}"));
    assertThat(classify(one, "r").get(0).get("label").asText()).isEqualTo("negative");
  }

  @Test
  void aCanaryThatCannotBeLoadedLeavesTheChampionAnsweringAndIsReported() throws Exception {
    released(1, "negative");
    InferenceService one = service("one");
    awaitServing(1, one);
    ServingPlan plan =
        ServingPlan.none("default")
            .withCanary(new ServingPlan.Canary(2, "gone", 1))
            .withShadow(new ServingPlan.Shadow(3, "gone"));
    send(topics.adapters(), new String(AdapterRecord.key(plan), UTF_8), EventJson.write(plan));

    await()
        .atMost(SOON)
        .until(() -> adapter(one).has("canaryFailure") && adapter(one).has("shadowFailure"));

    assertThat(adapter(one).has("failure")).isFalse();
    assertThat(adapter(one).at("/plan/canary/share").asDouble()).isEqualTo(1);
    assertThat(classify(one, "r").get(0).get("version").asInt()).isEqualTo(1);
    send(topics.reviews(), "r", EventJson.write(Review.of("r", "a film")));
    assertThat(read(topics.classifications(), 1).get("r").version()).isEqualTo(1);
  }

  @Test
  void theChampionAnswersWhereThePinnedVersionIsGoneAfterARestartAndThatIsReported()
      throws Exception {
    released(1, "negative");
    released(2, "positive");
    ServingPlan plan = ServingPlan.none("default").withPinned(new ServingPlan.Pin(1, "gone", null));
    send(topics.adapters(), new String(AdapterRecord.key(plan), UTF_8), EventJson.write(plan));
    InferenceService one = service("one");

    awaitServing(2, one);

    JsonNode adapter = adapter(one);
    assertThat(adapter.at("/plan/pinned/version").asInt()).isEqualTo(1);
    assertThat(adapter.at("/failure/version").asInt()).isEqualTo(1);
    assertThat(adapter.at("/failure/reason").asText()).isEqualTo("digest-mismatch");
    assertThat(classify(one, "r").get(0).get("version").asInt()).isEqualTo(2);
    send(topics.reviews(), "r", EventJson.write(Review.of("r", "a film")));
    assertThat(read(topics.classifications(), 1).get("r").version()).isEqualTo(2);
  }

  @Test
  void changesThatTwoReplicasTakeAtOnceAllHold() throws Exception {
    released(1, "negative");
    released(2, "positive");
    InferenceService one = service("one");
    InferenceService two = service("two");
    awaitServing(2, one, two);

    for (int round = 1; round <= 5; round++) {
      double share = round / 10.0;
      double below = round / 20.0;
      CompletableFuture<HttpResponse<String>> canary =
          postAsync(one, "canary", "{\"version\":1,\"share\":" + share + "}");
      CompletableFuture<HttpResponse<String>> threshold =
          postAsync(two, "threshold", "{\"abstainBelow\":" + below + "}");
      accepted(canary.get());
      accepted(threshold.get());

      for (InferenceService replica : List.of(one, two)) {
        await()
            .atMost(SOON)
            .until(
                () ->
                    adapter(replica).at("/plan/canary/share").asDouble() == share
                        && adapter(replica).at("/plan/abstainBelow").asDouble() == below);
      }
    }
  }

  private InferenceService service(String instance) {
    Metrics metrics = new Metrics();
    InferenceConfig config =
        TestingConfig.of(
            topics,
            AdapterCatalog.SENTIMENT,
            directory.resolve("copies-" + instance),
            16,
            0,
            instance);
    InferenceService service = new InferenceService(config, metrics, new Health(), base, store);
    open.add(0, service);
    open.add(metrics);
    service.start();
    return service;
  }

  private void awaitServing(int version, InferenceService... replicas) {
    for (InferenceService replica : replicas) {
      await().atMost(SOON).until(() -> adapter(replica).at("/serving/version").asInt() == version);
    }
  }

  private void released(int version, String label) throws Exception {
    AdapterId id = new AdapterId("default", version);
    String digest = publish(store, base, id, label);
    send(release(base, id, digest));
    var champion = champion(id, digest);
    send(topics.adapters(), "default", EventJson.write(champion));
  }

  private void send(Release release) throws Exception {
    send(topics.adapters(), release.id().toString(), EventJson.write(release));
  }

  private Release retained(int version) {
    Release like = release(base, new AdapterId("default", version), "none");
    return new Release(
        like.adapter(),
        version,
        Release.State.RETAINED,
        like.method(),
        null,
        like.baseModel(),
        like.baseDigest(),
        like.labels(),
        like.batchId(),
        new Decision("not-better", "worse", 100, .5, .5, .9, null, null, null, 0, 0, 1),
        10,
        1,
        like.lastFeedbackAt(),
        like.batchClosedAt(),
        like.createdAt(),
        List.of());
  }

  private void send(String topic, String key, byte[] value) throws Exception {
    producer.send(new ProducerRecord<>(topic, key.getBytes(UTF_8), value)).get();
  }

  private static Map<String, Classification> read(String topic, int count) {
    Map<String, Classification> answers = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : TestBroker.readAll(topic, count, SOON)) {
      Classification answer = EventJson.read(record.value(), Classification.class);
      assertThat(answers.put(answer.reviewId(), answer)).isNull();
    }
    assertThat(answers).hasSize(count);
    return answers;
  }

  private List<JsonNode> classify(InferenceService service, String... ids) throws Exception {
    ObjectNode body = EventJson.mapper().createObjectNode();
    ArrayNode reviews = body.putArray("reviews");
    for (String id : ids) {
      reviews.addObject().put("id", id).put("text", "a film");
    }
    HttpResponse<String> response =
        client.send(request(service, "/v1/classify", body.toString()), BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    List<JsonNode> results = new ArrayList<>();
    EventJson.mapper().readTree(response.body()).get("results").forEach(results::add);
    return results;
  }

  private JsonNode adapter(InferenceService service) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + service.port() + "/v1/adapters/default"))
            .build();
    return EventJson.mapper().readTree(client.send(request, BodyHandlers.ofString()).body());
  }

  private HttpResponse<String> post(InferenceService service, String verb, String body)
      throws Exception {
    return post(service, "default", verb, body);
  }

  private HttpResponse<String> post(
      InferenceService service, String adapter, String verb, String body) throws Exception {
    return client.send(
        request(service, "/v1/adapters/" + adapter + "/" + verb, body), BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> postAsync(
      InferenceService service, String verb, String body) {
    return client.sendAsync(
        request(service, "/v1/adapters/default/" + verb, body), BodyHandlers.ofString());
  }

  private static HttpRequest request(InferenceService service, String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path))
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static JsonNode accepted(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
    return EventJson.mapper().readTree(response.body());
  }

  private static void refused(int status, String code, HttpResponse<String> response, String remedy)
      throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode problem = EventJson.mapper().readTree(response.body());
    assertThat(problem.get("code").asText()).isEqualTo(code);
    assertThat(problem.get("detail").asText()).contains(remedy);
  }
}
