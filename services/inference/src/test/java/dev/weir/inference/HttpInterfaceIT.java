package dev.weir.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.testing.TestBroker;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The HTTP interface on a real model and broker; each exchange is held to the OpenAPI document. */
class HttpInterfaceIT {

  /** Scores of a text differ this much with the texts that it is batched with. */
  private static final double BATCHING = 1e-4;

  @TempDir static Path directory;
  private static TestingService running;
  private static String digest;

  @BeforeAll
  static void start() throws Exception {
    running = new TestingService(directory);
    running.client.post("/v1/classify", "{\"text\":\"too early\"}", 200);
    running.client.get("/v2/models/default/ready", 409);
    digest = running.release(3);
  }

  @AfterAll
  static void stop() {
    running.close();
  }

  @Test
  void theDocumentIsValidOpenApi31() {
    SwaggerParseResult parsed =
        new OpenAPIV3Parser().readContents(running.client.yaml(), null, null);
    assertThat(parsed.getMessages()).isEmpty();
    assertThat(parsed.getOpenAPI().getSpecVersion().name()).isEqualTo("V31");
    Set<String> ids = new TreeSet<>();
    parsed
        .getOpenAPI()
        .getPaths()
        .values()
        .forEach(
            path ->
                path.readOperations()
                    .forEach(each -> assertThat(ids.add(each.getOperationId())).isTrue()));
    assertThat(ids).hasSameSizeAs(running.client.operations());
  }

  @Test
  void everyRouteIsDescribedAndNothingElse() throws Exception {
    Set<String> routes = new TreeSet<>();
    running.client.get("/", 200).get("endpoints").forEach(each -> routes.add(each.asText()));
    assertThat(running.client.operations()).isEqualTo(routes);
  }

  @Test
  void operationsAreAsDescribed() throws Exception {
    for (String path :
        List.of("/health/live", "/health/ready", "/metrics", "/v1/adapters", "/v2/health/ready")) {
      assertThat(running.client.get(path).statusCode()).as(path).isEqualTo(200);
    }
    assertThat(running.client.get("/v2/health/live", 200).get("live").asBoolean()).isTrue();
    assertThat(running.client.get("/v2", 200).get("name").asText()).isEqualTo("weir");
    running.client.get("/v1/adapters/nobody", 404);
    for (String file : List.of("index.html", "main.js", "console.css", "icon.svg", "uplot.js")) {
      assertThat(running.client.get("/console/" + file).statusCode()).as(file).isEqualTo(200);
    }
    running.client.get("/console/nothing", 404);
  }

  @Test
  void aVersionHasItsReleaseAndItsManifest() throws Exception {
    JsonNode lineage = running.client.get("/v1/adapters/default/versions/3", 200);
    assertThat(lineage.at("/release/digest").asText()).isEqualTo(digest);
    assertThat(lineage.at("/manifest/version").asInt()).isEqualTo(3);
    assertThat(lineage.at("/manifest/labels")).isEqualTo(lineage.at("/release/labels"));
    running.client.get("/v1/adapters/default/versions/4", 404);
  }

  @Test
  void whatComesOverKafkaIsStreamed() throws Exception {
    URI at =
        URI.create("http://127.0.0.1:" + running.service.port() + "/v1/stream/classifications");
    HttpResponse<InputStream> stream =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofInputStream());
    assertThat(stream.headers().firstValue("Content-Type")).hasValue("text/event-stream");
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), UTF_8))) {
      await(lines, ": listening");
      running.send(running.topics.reviews(), "streamed", "{\"text\":\"good\"}".getBytes(UTF_8));
      await(lines, "event: classification");
      JsonNode event = EventJson.mapper().readTree(lines.readLine().substring("data: ".length()));
      assertThat(event.get("reviewId").asText()).isEqualTo("streamed");
      assertThat(event.get("adapterDigest").asText()).isEqualTo(digest);
    }
  }

  private static void await(BufferedReader lines, String wanted) throws IOException {
    for (String line = lines.readLine(); !wanted.equals(line); line = lines.readLine()) {
      assertThat(line).as("the stream goes on").isNotNull();
    }
  }

  @Test
  void topKNamesTheBestLabelsBestFirst() throws Exception {
    JsonNode all = classify("{\"text\":\"a good film\"}").get(0);
    JsonNode one = classify("{\"text\":\"a good film\",\"topK\":1}").get(0);
    assertThat(one.get("top")).hasSize(1);
    assertThat(one.get("top").get(0).get("label")).isEqualTo(all.get("label"));
    assertThat(one.get("scores")).hasSize(1);
    JsonNode many = classify("{\"text\":\"a good film\",\"topK\":99}").get(0).get("top");
    assertThat(many).hasSize(2);
    assertThat(many.get(0).get("probability").asDouble())
        .isGreaterThanOrEqualTo(many.get(1).get("probability").asDouble());
  }

  @Test
  void explanationsTellWhatLeavingAWordOutDoes() throws Exception {
    String text = "the plot was good 👨‍👩‍👧 not boring";
    JsonNode result =
        classify("{\"texts\":[\"" + text + "\",\"a good film\"],\"explain\":true,\"topK\":1}")
            .get(0);
    JsonNode explanation = result.get("explanation");
    String label = result.get("label").asText();
    double whole = result.get("scores").get(label).asDouble();
    List<String> words = new ArrayList<>();
    for (JsonNode word : explanation.get("words")) {
      int start = word.get("start").asInt();
      int end = word.get("end").asInt();
      assertThat(word.get("text").asText()).isEqualTo(text.substring(start, end));
      words.add(word.get("text").asText());
      JsonNode without =
          classify(json("text", text.substring(0, start) + text.substring(end))).get(0);
      double probability = without.get("scores").get(label).asDouble();
      assertThat(word.get("probability").asDouble()).isCloseTo(probability, within(BATCHING));
      assertThat(word.get("score").asDouble())
          .isCloseTo(logOdds(whole) - logOdds(probability), within(0.01));
    }
    assertThat(words).containsExactly("the", "plot", "was", "good", "👨‍👩‍👧", "not", "boring");
  }

  @Test
  void aLongTextIsExplainedInGroupsAndAnAbstentionNotAtAll() throws Exception {
    String text = "good film ".repeat(100);
    JsonNode words =
        classify("{\"text\":\"" + text + "\",\"explain\":true}").get(0).at("/explanation/words");
    assertThat(words).hasSize(50);
    assertThat(words.get(0).get("text").asText()).isEqualTo("good film good film");
    JsonNode abstained = classify("{\"text\":\"a\",\"adapter\":\"idle\",\"explain\":true}").get(0);
    assertThat(abstained.get("abstained").asBoolean()).isTrue();
    assertThat(abstained.has("explanation")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'text':'a','topK':0}      | bad-top-k",
        "{'text':'a','topK':1.5}    | bad-top-k",
        "{'text':'a','topK':'2'}    | bad-top-k",
        "{'text':'a','topK':9999999999} | bad-top-k",
        "{'text':'a','explain':1}   | wrong-type",
        "{'texts':['a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a'],'explain':true} | too-many-explained"
      },
      quoteCharacter = '`')
  void refusesOptionsWithTheRemedy(String body, String code) throws Exception {
    JsonNode problem = running.client.post("/v1/classify", body.replace('\'', '"'), 422);
    assertThat(problem.get("code").asText()).isEqualTo(code);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 33, 1000})
  void batchesKeepCountAndOrder(int count) throws Exception {
    ArrayNode texts = EventJson.mapper().createArrayNode();
    for (int i = 0; i < count; i++) {
      texts.add(unique(i));
    }
    JsonNode results = classify("{\"texts\":" + texts + "}");
    assertThat(results).hasSize(count);
    for (int i = 0; i < count; i += Math.max(1, count / 5)) {
      JsonNode alone = classify(json("text", unique(i))).get(0);
      assertThat(positive(results.get(i))).isCloseTo(positive(alone), within(BATCHING));
    }
  }

  @Test
  void thousandTextsFrom64ThreadsGetTheirOwnAnswers() throws Exception {
    ArrayNode texts = EventJson.mapper().createArrayNode();
    for (int i = 0; i < 1000; i++) {
      texts.add(unique(i));
    }
    JsonNode expected = classify("{\"texts\":" + texts + "}");
    List<Callable<JsonNode>> asked = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      ObjectNode review = EventJson.mapper().createObjectNode().put("id", "r" + i);
      String body = "{\"reviews\":[" + review.put("text", unique(i)) + "]}";
      asked.add(() -> classify(body).get(0));
    }
    Set<Long> different = new TreeSet<>();
    ExecutorService clients = Executors.newFixedThreadPool(64);
    try {
      List<Future<JsonNode>> answers = clients.invokeAll(asked);
      for (int i = 0; i < 1000; i++) {
        JsonNode answer = answers.get(i).get();
        assertThat(answer.get("id").asText()).isEqualTo("r" + i);
        assertThat(positive(answer)).isCloseTo(positive(expected.get(i)), within(BATCHING));
        different.add(Math.round(positive(answer) / (2 * BATCHING)));
      }
    } finally {
      clients.shutdownNow();
    }
    // Mixed answers would be noticed: the texts' scores lie apart.
    assertThat(different).hasSizeGreaterThan(100);
  }

  @Test
  void aModelTellsItsTensorsAndItsOneVersion() throws Exception {
    JsonNode model = running.client.get("/v2/models/default", 200);
    assertThat(model.get("versions").toString()).isEqualTo("[\"3\"]");
    assertThat(model.at("/inputs/0").toString())
        .isEqualTo("{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[-1]}");
    assertThat(model.at("/outputs/1/shape").toString()).isEqualTo("[-1,2]");
    assertThat(running.client.get("/v2/models/default/versions/3", 200)).isEqualTo(model);
    assertThat(running.client.get("/v2/models/default/versions/3/ready", 200).get("ready"))
        .isEqualTo(EventJson.mapper().getNodeFactory().booleanNode(true));
    JsonNode other = running.client.get("/v2/models/default/versions/2", 404);
    assertThat(other.get("error").asText()).contains("serves version 3, not '2'");
    running.client.get("/v2/models/default/versions/2/ready", 404);
    running.client.get("/v2/models/nobody", 404);
    running.client.get("/v2/models/nobody/ready", 404);
    running.client.get("/v2/models/idle/ready", 409);
    running.client.get("/v2/models/idle", 409);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2/models/default/infer", "/v2/models/default/versions/3/infer"})
  void infersAsTheProtocolHasIt(String path) throws Exception {
    JsonNode answer =
        running.client.post(
            path,
            "{\"id\":\"42\",\"inputs\":[{\"name\":\"text\",\"shape\":[2,1],\"datatype\":\"BYTES\","
                + "\"parameters\":{\"content_type\":\"str\"},\"data\":[[\"a good film\"],[\"awful\"]]}]}",
            200);
    assertThat(answer.get("id").asText()).isEqualTo("42");
    assertThat(answer.get("model_name").asText()).isEqualTo("default");
    assertThat(answer.get("model_version").asText()).isEqualTo("3");
    assertThat(answer.at("/parameters/adapter_digest").asText()).isEqualTo(digest);
    JsonNode expected = classify("{\"texts\":[\"a good film\",\"awful\"]}");
    JsonNode labels = answer.at("/outputs/0");
    assertThat(labels.get("shape").toString()).isEqualTo("[2,1]");
    assertThat(labels.get("data").get(0)).isEqualTo(expected.get(0).get("label"));
    JsonNode probabilities = answer.at("/outputs/1");
    assertThat(probabilities.get("shape").toString()).isEqualTo("[2,2]");
    assertThat(probabilities.get("data").get(3).asDouble())
        .isCloseTo(positive(expected.get(1)), within(BATCHING));
    assertThat(answer.at("/outputs/2/data").toString()).isEqualTo("[\"negative\",\"positive\"]");
  }

  @Test
  void infersOnlyTheOutputsAskedForAndAlsoNothing() throws Exception {
    JsonNode answer =
        running.client.post(
            "/v2/models/default/infer",
            "{\"inputs\":[{\"name\":\"text\",\"shape\":[0],\"datatype\":\"BYTES\",\"data\":[]}],"
                + "\"outputs\":[{\"name\":\"probabilities\"}]}",
            200);
    assertThat(answer.get("outputs")).hasSize(1);
    assertThat(answer.at("/outputs/0/shape").toString()).isEqualTo("[0,2]");
    assertThat(answer.has("id")).isFalse();
  }

  @Test
  void aTextWithoutAKnownTokenCostsNoOtherItsAnswer() throws Exception {
    JsonNode results = classify("{\"texts\":[\"a good film\",\"👍\"],\"explain\":true}");
    assertThat(results.get(0).get("explanation").get("words")).hasSize(3);
    assertThat(results.get(1).get("abstained").asBoolean()).isTrue();
    assertThat(results.get(1).get("reason").get("code").asText()).isEqualTo("no-token");
    // What is left of a text of one word has no token either; it is scored all the same.
    JsonNode one = classify("{\"text\":\"good\",\"explain\":true}").get(0);
    assertThat(one.get("explanation").get("words")).hasSize(1);
    JsonNode refused =
        running.client.post(
            "/v2/models/default/infer",
            "{\"inputs\":[{\"name\":\"text\",\"shape\":[2],\"datatype\":\"BYTES\","
                + "\"data\":[\"a good film\",\"👍\"]}]}",
            400);
    assertThat(refused.get("error").asText())
        .contains("1")
        .contains("nothing that the model knows");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/v2/models/default/infer | {                                     | 400",
        "/v2/models/default/infer | {}                                    | 400",
        "/v2/models/default/infer | {'inputs':[]}                         | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'txt'}]}           | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'FP32','data':[1]}]} | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[2],'datatype':'BYTES','data':['a']}]} | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES'}]} | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':[' ']}]} | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':[7]}]} | 400",
        "/v2/models/default/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':['a']}],'outputs':[{'name':'x'}]} | 400",
        "/v2/models/default/infer | {'id':1,'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':['a']}]} | 400",
        "/v2/models/default/versions/4/infer | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':['a']}]} | 404",
        "/v2/models/nobody/infer  | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':['a']}]} | 404",
        "/v2/models/idle/infer    | {'inputs':[{'name':'text','shape':[1],'datatype':'BYTES','data':['a']}]} | 409"
      })
  void protocolErrorsAreInTheProtocolsForm(String path, String body, int status) throws Exception {
    JsonNode error = running.client.post(path, body.replace('\'', '"'), status);
    assertThat(error.get("error").asText()).isNotBlank();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'id':'f1','text':'awful','label':'Negative','source':'t'}",
        "{'id':'f2','reviewId':'r7','verdict':'disagree'}",
        "{'id':'f3','reviewId':'r8','stars':4.5,'timestamp':'2026-01-02T03:04:05Z'}",
        "{'id':'f4','text':'half \\ud800 a character','stars':1}"
      })
  void feedbackOfEachKindReachesItsTopic(String body) throws Exception {
    String json = body.replace('\'', '"');
    JsonNode at = running.client.post("/v1/feedback", json, 202);
    String id = EventJson.mapper().readTree(json).get("id").asText();
    List<ConsumerRecord<byte[], byte[]>> records =
        TestBroker.readAll(running.topics.feedback(), 1, TestingService.SOON);
    ConsumerRecord<byte[], byte[]> record =
        records.stream()
            .filter(
                each ->
                    each.partition() == at.get("partition").asInt()
                        && each.offset() == at.get("offset").asLong())
            .findFirst()
            .orElseThrow();
    assertThat(new String(record.value(), UTF_8)).contains("\"id\":\"" + id + "\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'text':'a','label':'meh'}                     | 422 | unknown-label",
        "{'text':'a','stars':3}                         | 422 | unmapped-stars",
        "{'text':'a','verdict':'agree'}                 | 422 | unresolvable-verdict",
        "{'reviewId':'r','adapter':'no','label':'x'}    | 422 | unknown-adapter",
        "{'reviewId':'r','label':'a','stars':1}         | 422 | ambiguous-label",
        "{'label':'positive'}                           | 422 | missing-text",
        "{                                              | 400 | malformed-json"
      })
  void feedbackThatCurationWouldRefuseIsRefusedAtOnce(String body, int status, String code)
      throws Exception {
    JsonNode problem = running.client.post("/v1/feedback", body.replace('\'', '"'), status);
    assertThat(problem.get("code").asText()).isEqualTo(code);
  }

  private static JsonNode classify(String body) throws Exception {
    return running.client.post("/v1/classify", body, 200).get("results");
  }

  private static String json(String field, String value) {
    return EventJson.mapper().createObjectNode().put(field, value).toString();
  }

  private static double positive(JsonNode result) {
    return result.get("scores").get("positive").asDouble();
  }

  private static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }

  /** A text that no other number has. */
  private static String unique(int number) {
    String letters =
        Integer.toString(number, 26)
            .chars()
            .mapToObj(digit -> String.valueOf((char) ('a' + Character.digit(digit, 36))))
            .reduce("", String::concat);
    return "film " + letters + String.join("", Collections.nCopies(number % 7, " good"));
  }
}
