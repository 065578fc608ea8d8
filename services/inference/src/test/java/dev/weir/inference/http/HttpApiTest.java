package dev.weir.inference.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.control.AdapterControl;
import dev.weir.inference.feed.Feeds;
import dev.weir.inference.http.admin.AdaptersView;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.publish.FeedbackPublisher;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AdapterWatcher;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.inference.shadow.HttpShadows;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.model.base.BaseModel;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.PortInUseException;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpApiTest {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir Path directory;
  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final TestingTokenizer tokenizer = new TestingTokenizer();
  private final Metrics metrics = new Metrics();
  private final Health health = new Health();
  private BaseModel base;
  private final ServingPlans plans = new ServingPlans();
  private AdapterRegistry registry;
  private Classifier classifier;
  private HttpApi.Parts parts;
  private HttpApi http;

  @BeforeEach
  void open() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    registry = TestingAdapters.registry(opener, 4);
    classifier =
        new Classifier(
            registry,
            plans,
            tokenizer,
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(2, 512, 1000),
            metrics.registry());
    classifier.start();
    FileArtifactStore store = new FileArtifactStore(directory);
    AdapterLoader loader =
        new AdapterLoader(
            TestingAdapters.reader(store, base, directory),
            registry,
            metrics.registry(),
            Clock.systemUTC());
    Map<String, Object> nowhere = Map.of("bootstrap.servers", "localhost:1");
    AnnouncedAdapters announced = new AnnouncedAdapters(plans);
    AdapterWatcher watcher =
        new AdapterWatcher(nowhere, "adapters", loader, announced, metrics.registry());
    parts =
        new HttpApi.Parts(
            classifier,
            new AdaptersView(
                registry,
                loader,
                announced,
                AdapterCatalog.SENTIMENT,
                store,
                "tiny",
                base.digest()),
            new AdapterControl(
                nowhere,
                Topics.DEFAULT,
                AdapterCatalog.SENTIMENT,
                watcher,
                loader,
                announced,
                store,
                base.digest(),
                Clock.systemUTC()),
            AdapterCatalog.SENTIMENT,
            new FeedbackPublisher(nowhere, "feedback", metrics.registry()),
            new HttpShadows(
                nowhere,
                "shadows",
                classifier,
                base.digest(),
                metrics.registry(),
                Clock.systemUTC()),
            Feeds.of(nowhere, Topics.DEFAULT),
            health,
            metrics,
            Duration.ofSeconds(15),
            base.digest());
    http = new HttpApi(HttpConfig.open("127.0.0.1", 0), parts);
    http.start();
  }

  @AfterEach
  void close() {
    opener.onRun(tokens -> {});
    http.close();
    classifier.close();
    registry.close();
    base.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @Test
  void classifiesOneText() throws Exception {
    TestingAdapters.serve(registry, "default", 3);
    JsonNode result = ok("{\"text\":\"0 a fine film\"}").get("results").get(0);
    assertThat(result.get("label").asText()).isEqualTo("negative");
    assertThat(result.get("scores").get("negative").asDouble()).isGreaterThan(0.5);
    assertThat(result.get("adapter").asText()).isEqualTo("default");
    assertThat(result.get("version").asInt()).isEqualTo(3);
    assertThat(result.get("adapterDigest").asText()).isEqualTo("digest-3");
    assertThat(result.get("baseDigest").asText()).isEqualTo(base.digest());
    assertThat(result.get("abstained").asBoolean()).isFalse();
    assertThat(result.has("reason")).isFalse();
    assertThat(result.has("id")).isFalse();
  }

  @Test
  void requestsAreTimedByRouteAlsoWhenTheyFailAndNeverByPath() throws Exception {
    post("/v1/classify", "{");
    get("/v1/adapters/nobody-1");
    get("/v1/adapters/nobody-2");
    get("/nowhere/1");
    get("/nowhere/2");
    // The answer is out before its time is noted.
    await()
        .untilAsserted(
            () ->
                assertThat(metrics.registry().find("weir.inference.http.requests").timers())
                    .extracting(
                        timer ->
                            timer.getId().getTag("method")
                                + " "
                                + timer.getId().getTag("route")
                                + " "
                                + timer.getId().getTag("status")
                                + " "
                                + timer.count())
                    .containsExactlyInAnyOrder(
                        "POST /v1/classify 400 1",
                        "GET /v1/adapters/{name} 404 2",
                        "GET unmatched 404 2"));
  }

  @Test
  void classifiesManyTextsInOrder() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    String texts =
        IntStream.range(0, 1000)
            .mapToObj(i -> "\"" + TestingTokenizer.text(i, i % 30) + "\"")
            .collect(Collectors.joining(",", "{\"texts\":[", "]}"));
    JsonNode results = ok(texts).get("results");
    assertThat(results).hasSize(1000);
    double last = 0;
    for (JsonNode result : results) {
      double score = result.get("scores").get("negative").asDouble();
      assertThat(score).isGreaterThan(last);
      last = score;
    }
  }

  @Test
  void reviewsKeepTheirIdsAndAdapters() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    JsonNode results =
        ok("{\"reviews\":[{\"id\":\"a\",\"text\":\"x\"},{\"text\":\"y\",\"adapter\":\"other\"}],"
                + "\"adapter\":\"default\"}")
            .get("results");
    assertThat(results.get(0).get("id").asText()).isEqualTo("a");
    assertThat(results.get(0).get("version").asInt()).isEqualTo(1);
    assertThat(results.get(1).has("id")).isFalse();
    assertThat(results.get(1).get("adapter").asText()).isEqualTo("other");
    assertThat(results.get(1).get("abstained").asBoolean()).isTrue();
  }

  @Test
  void abstainsBeforeTheFirstRelease() throws Exception {
    JsonNode result = ok("{\"text\":\"fine\"}").get("results").get(0);
    assertThat(result.get("abstained").asBoolean()).isTrue();
    assertThat(result.get("label").isNull()).isTrue();
    assertThat(result.get("reason").get("code").asText()).isEqualTo("no-adapter");
    assertThat(result.get("reason").get("message").asText()).contains("topic feedback");
  }

  @Test
  void emptyListHasNoResults() throws Exception {
    assertThat(ok("{\"texts\":[]}").get("results")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"text\":               | 400 | malformed-json",
        "[\"text\"]               | 400 | malformed-json",
        "``                       | 400 | malformed-json",
        "{\"txt\":\"a\"}          | 422 | missing-text",
        "{\"text\":null}          | 422 | missing-text",
        "{\"reviews\":[{\"id\":1}]} | 422 | missing-text",
        "{\"text\":\" \\u200b\"}  | 422 | empty-text",
        "{\"text\":[\"a\"]}       | 422 | wrong-type",
        "{\"texts\":\"a\"}        | 422 | wrong-type",
        "{\"reviews\":[\"a\"]}    | 422 | wrong-type",
        "{\"text\":\"a\",\"texts\":[\"a\"]} | 422 | ambiguous-body",
        "{\"text\":\"a\",\"adapter\":\"No!\"} | 422 | bad-adapter-name"
      })
  void refusesBadBodies(String body, int status, String code) throws Exception {
    assertProblem(post("/v1/classify", body), status, code);
  }

  @Test
  void namesTheBadTextOfSeveral() throws Exception {
    JsonNode problem =
        assertProblem(post("/v1/classify", "{\"texts\":[\"a\",\"\",\"b\"]}"), 422, "empty-text");
    assertThat(problem.get("index").asInt()).isEqualTo(1);
  }

  @Test
  void refusesTooManyTooLongAndTooMuch() throws Exception {
    String many = "\"a\",".repeat(1000) + "\"a\"";
    assertProblem(post("/v1/classify", "{\"texts\":[" + many + "]}"), 422, "too-many-texts");
    assertProblem(
        post("/v1/classify", "{\"text\":\"" + "a".repeat(2_000_000) + "\"}"), 422, "text-too-long");
    assertProblem(
        post("/v1/classify", "{\"text\":\"" + "a".repeat(9_000_000) + "\"}"),
        413,
        "body-too-large");
  }

  @Test
  void refusesOtherMediaTypesPathsAndMethods() throws Exception {
    HttpRequest form =
        request("/v1/classify")
            .header("Content-Type", "text/plain")
            .POST(BodyPublishers.ofString("text"))
            .build();
    assertProblem(send(form), 415, "unsupported-media-type");
    assertProblem(get("/v1/nothing"), 404, "not-found");
    assertProblem(get("/v1/classify"), 405, "method-not-allowed");
    assertProblem(get("/v1/adapters/nobody"), 404, "unknown-adapter");
  }

  @Test
  void fullQueueAnswers429WithRetryAfter() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    Semaphore gate = new Semaphore(0);
    opener.onRun(tokens -> gate.acquireUninterruptibly());
    String body = "{\"texts\":[" + "\"a\",".repeat(899) + "\"a\"]}";
    CompletableFuture<HttpResponse<String>> first = postAsync(body);
    Awaitility.await()
        .until(
            () ->
                metrics
                        .registry()
                        .get("weir.inference.queue.depth")
                        .tag("path", "http")
                        .gauge()
                        .value()
                    > 200);
    HttpResponse<String> refused = post("/v1/classify", body);
    assertProblem(refused, 429, "queue-full");
    assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
    gate.release(1_000_000);
    assertThat(first.get().statusCode()).isEqualTo(200);
  }

  @Test
  void aFloodIsAnsweredOrRefusedAndNothingElse() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    Semaphore gate = new Semaphore(0);
    opener.onRun(tokens -> gate.acquireUninterruptibly());
    String body = "{\"texts\":[" + "\"a\",".repeat(99) + "\"a\"]}";
    AtomicInteger refused = new AtomicInteger();
    List<CompletableFuture<HttpResponse<String>>> flood = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      flood.add(
          postAsync(body)
              .whenComplete(
                  (response, lost) -> {
                    if (response != null && response.statusCode() == 429) {
                      refused.incrementAndGet();
                    }
                  }));
    }
    // The queue holds 1,000 texts and the two scorers a batch each: most of the 64 must be refused.
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> refused.get() >= 40);
    gate.release(1_000_000);
    for (CompletableFuture<HttpResponse<String>> each : flood) {
      HttpResponse<String> response = each.get();
      assertThat(response.statusCode()).isIn(200, 429);
      if (response.statusCode() == 429) {
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
      } else {
        assertThat(json(response).get("results")).hasSize(100);
      }
    }
  }

  @Test
  void closeAnswersRequestsInFlight() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    Semaphore gate = new Semaphore(0);
    CountDownLatch running = new CountDownLatch(1);
    opener.onRun(
        tokens -> {
          running.countDown();
          gate.acquireUninterruptibly();
        });
    List<CompletableFuture<HttpResponse<String>>> inFlight = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      inFlight.add(postAsync("{\"text\":\"a\"}"));
    }
    running.await();
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> tokenizer.encoded() == 200);
    Thread closer = new Thread(http::close);
    closer.start();
    gate.release(1_000_000);
    int answered = 0;
    for (CompletableFuture<HttpResponse<String>> each : inFlight) {
      answered += each.handle((response, lost) -> lost == null ? 1 : 0).get();
    }
    closer.join();
    assertThat(answered).isEqualTo(200);
  }

  @Test
  void portInUseNamesTheRemedy() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      HttpApi second = new HttpApi(HttpConfig.open("127.0.0.1", taken.getLocalPort()), parts);
      assertThatThrownBy(second::start)
          .isInstanceOf(PortInUseException.class)
          .hasMessageContaining(Integer.toString(taken.getLocalPort()))
          .hasMessageContaining("--port (WEIR_HTTP_PORT)");
      second.close();
    }
  }

  @Test
  void showsAdaptersHealthMetricsAndIndex() throws Exception {
    TestingAdapters.serve(registry, "default", 2);
    JsonNode all = json(get("/v1/adapters"));
    assertThat(all.get("baseDigest").asText()).isEqualTo(base.digest());
    JsonNode serving = all.get("adapters").get(0).get("serving");
    assertThat(serving.get("version").asInt()).isEqualTo(2);
    assertThat(serving.get("state").asText()).isEqualTo("loaded");
    assertThat(serving.get("slot").asInt()).isNotNegative();
    assertThat(serving.get("pinned").asBoolean()).isFalse();
    assertThat(serving.get("precision").asText()).isEqualTo("fp32");
    assertThat(serving.get("precisionAllowed").asBoolean()).isTrue();
    assertThat(all.get("engine").get("slots").asInt()).isEqualTo(4);
    assertThat(all.get("engine").get("mostSlots").asInt()).isEqualTo(4096);
    assertThat(all.get("engine").get("precisions")).isNotEmpty();
    assertThat(json(get("/v1/adapters/default")).get("serving").get("digest").asText())
        .isEqualTo("digest-2");
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    health.register("part", () -> new Status.Down("not yet"));
    assertThat(get("/health/ready").statusCode()).isEqualTo(503);
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/metrics").body()).contains("weir_inference_queue_depth");
    assertThat(json(get("/")).get("endpoints")).isNotEmpty();
    assertThat(json(get("/v1/adapters/default")).get("labels").toString())
        .isEqualTo("[\"negative\",\"positive\"]");
  }

  @Test
  void browsersGetTheConsoleAndAllOthersTheEndpoints() throws Exception {
    HttpResponse<String> page =
        send(request("/").header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8").build());
    assertThat(page.body()).startsWith("<!doctype html>");
    assertThat(page.headers().firstValue("Vary")).hasValue("Accept");
    HttpResponse<String> index = send(request("/").header("Accept", "*/*").build());
    assertThat(json(index).get("endpoints")).isNotEmpty();
    assertThat(index.headers().firstValue("Vary")).hasValue("Accept");
    assertThat(get("/console/main.js").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/stream                                | unknown-feed",
        "/v1/stream?feeds=                         | unknown-feed",
        "/v1/stream?feeds=training,secrets         | unknown-feed",
        "/v1/stream?feeds=training&last=-1         | bad-last",
        "/v1/stream?feeds=training&last=many       | bad-last",
        "/v1/stream/label-requests?last=5001       | bad-last"
      })
  void streamsOfWhatIsNotOfferedAreRefused(String path, String code) throws Exception {
    assertProblem(get(path), 422, code);
  }

  @Test
  void aVersionThatNobodyReleasedHasNoLineage() throws Exception {
    assertProblem(get("/v1/adapters/default/versions/7"), 404, "unknown-version");
    assertProblem(get("/v1/adapters/default/versions/x"), 404, "unknown-version");
  }

  /** Java's client asks by default, and then waits for ever for some of the larger answers. */
  @Test
  void doesNotTakeUpAClientsOfferOfHttp2() throws Exception {
    URI document = URI.create("http://127.0.0.1:" + http.port() + "/openapi.yaml");
    HttpResponse<String> response = send(HttpRequest.newBuilder(document).build());
    assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
    assertThat(response.body()).startsWith("#").contains("openapi: 3.1");
  }

  @Test
  void refusesFeedbackWithoutAnOpinion() throws Exception {
    assertProblem(post("/v1/feedback", "{\"text\":\"fine\"}"), 422, "missing-label");
    assertProblem(post("/v1/feedback", "{"), 400, "malformed-json");
  }

  private JsonNode ok(String body) throws Exception {
    HttpResponse<String> response = post("/v1/classify", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response);
  }

  private static JsonNode assertProblem(HttpResponse<String> response, int status, String code)
      throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    JsonNode problem = json(response);
    assertThat(problem.get("code").asText()).isEqualTo(code);
    assertThat(problem.get("status").asInt()).isEqualTo(status);
    assertThat(problem.get("detail").asText()).isNotBlank();
    return problem;
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return EventJson.mapper().readTree(response.body());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path))
        .version(HttpClient.Version.HTTP_1_1);
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(request(path).build());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return send(json(path, body));
  }

  private CompletableFuture<HttpResponse<String>> postAsync(String body) {
    return CLIENT.sendAsync(json("/v1/classify", body), BodyHandlers.ofString());
  }

  private HttpRequest json(String path, String body) {
    return request(path)
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static HttpResponse<String> send(HttpRequest request) throws Exception {
    return CLIENT.send(request, BodyHandlers.ofString());
  }
}
