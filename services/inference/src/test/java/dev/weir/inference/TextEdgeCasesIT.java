package dev.weir.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.topic.DeadLetter;
import dev.weir.testing.TestBroker;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Odd texts: Kafka and HTTP give the same answer, or refuse for the same reason. */
class TextEdgeCasesIT {

  private static final String ANSWERED = "answered";

  /** The test's base knows no such character. */
  private static final String UNKNOWN = "no-token";

  @TempDir Path directory;

  /** The JSON that follows {@code "text":}, and what is to come of it. */
  private static Map<String, String[]> cases() {
    Map<String, String[]> cases = new LinkedHashMap<>();
    cases.put("plain", new String[] {"\"a good film\"", ANSWERED});
    cases.put("number", new String[] {"17", ANSWERED});
    cases.put("null", new String[] {"null", "missing-text"});
    cases.put("list", new String[] {"[\"a\"]", "wrong-type"});
    cases.put("empty", new String[] {"\"\"", "empty-text"});
    cases.put("blank", new String[] {"\" \\t\\n\\u00a0\\u3000\"", "empty-text"});
    cases.put("nul-only", new String[] {"\"\\u0000\"", "empty-text"});
    cases.put("nul-inside", new String[] {"\"good\\u0000film\"", ANSWERED});
    cases.put("invisible", new String[] {"\"\\u200b\\ufeff\\u200d\"", "empty-text"});
    cases.put("emoji", new String[] {"\"🎬👍\"", UNKNOWN});
    cases.put("zwj-family", new String[] {"\"👨‍👩‍👧‍👦 loved it\"", ANSWERED});
    cases.put("flag-and-skin", new String[] {"\"🇩🇪 👍🏽\"", UNKNOWN});
    cases.put("lone-high", new String[] {"\"\\ud800\"", UNKNOWN});
    cases.put("lone-low-inside", new String[] {"\"good \\udfac film\"", ANSWERED});
    cases.put("escaped-pair", new String[] {"\"\\ud83c\\udfac\"", UNKNOWN});
    cases.put("arabic", new String[] {"\"الفيلم كان سيئا جدا\"", UNKNOWN});
    cases.put("bidi-override", new String[] {"\"\\u202egood film\\u202c שלום\"", ANSWERED});
    cases.put("combining", new String[] {"\"e\\u0301\\u0301\\u0301 film\"", ANSWERED});
    cases.put("longest", new String[] {quoted("good film ".repeat(10_000)), ANSWERED});
    cases.put("one-too-long", new String[] {quoted("a".repeat(100_001)), "text-too-long"});
    cases.put("100-kB-of-emoji", new String[] {quoted("🎬".repeat(25_000)), UNKNOWN});
    cases.put("one-word-of-100-kB", new String[] {quoted("漢".repeat(34_000)), UNKNOWN});
    cases.put("too-many-emoji", new String[] {quoted("🎬".repeat(50_001)), "text-too-long"});
    cases.put("bad-escape", new String[] {"\"\\x\"", "malformed-json"});
    cases.put("raw-control", new String[] {"\"a\u0001b\"", "malformed-json"});
    return cases;
  }

  @Test
  void kafkaAndHttpTreatOddTextsAlike() throws Exception {
    Map<String, String> expected = new TreeMap<>();
    Map<String, byte[]> bodies = new LinkedHashMap<>();
    cases()
        .forEach(
            (name, given) -> {
              expected.put(name, given[1]);
              bodies.put(name, ("{\"text\":" + given[0] + "}").getBytes(UTF_8));
            });
    // Bytes that are no UTF-8: a stray byte, and half a pair as three bytes.
    expected.put("stray-byte", "malformed-json");
    bodies.put("stray-byte", bytes("{\"text\":\"a", new byte[] {(byte) 0xff}, "\"}"));
    expected.put("half-pair-as-bytes", null);
    bodies.put(
        "half-pair-as-bytes",
        bytes("{\"text\":\"a", new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, "\"}"));

    try (TestingService running = new TestingService(directory)) {
      running.release(1);
      for (Map.Entry<String, byte[]> each : bodies.entrySet()) {
        running.send(running.topics.reviews(), each.getKey(), each.getValue());
      }
      Map<String, JsonNode> overHttp = new TreeMap<>();
      Map<String, String> httpOutcomes = new TreeMap<>();
      for (Map.Entry<String, byte[]> each : bodies.entrySet()) {
        HttpResponse<String> response = post(running, each.getValue());
        JsonNode body = EventJson.mapper().readTree(response.body());
        if (response.statusCode() == 200) {
          JsonNode result = body.get("results").get(0);
          overHttp.put(each.getKey(), result);
          httpOutcomes.put(each.getKey(), outcome(result));
        } else {
          assertThat(response.statusCode()).as(response.body()).isIn(400, 422);
          httpOutcomes.put(each.getKey(), body.get("code").asText());
        }
      }
      expected.compute("half-pair-as-bytes", (name, open) -> httpOutcomes.get(name));
      assertThat(httpOutcomes).isEqualTo(expected);
      assertThat(kafkaOutcomes(running, overHttp, bodies.size())).isEqualTo(expected);
    }
  }

  /** Outcomes by key; answers are compared with those over HTTP. */
  private static Map<String, String> kafkaOutcomes(
      TestingService running, Map<String, JsonNode> overHttp, int count) throws Exception {
    Map<String, String> outcomes = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> record :
        TestBroker.readAll(
            running.topics.classifications(), overHttp.size(), TestingService.SOON)) {
      Classification answer = EventJson.read(record.value(), Classification.class);
      JsonNode http = overHttp.get(answer.reviewId());
      assertThat(http).as(answer.reviewId()).isNotNull();
      assertThat(answer.adapterDigest()).isEqualTo(http.path("adapterDigest").textValue());
      answer
          .scores()
          .forEach(
              (label, score) ->
                  assertThat(score)
                      .as(answer.reviewId())
                      .isCloseTo(http.get("scores").get(label).asDouble(), within(1e-4)));
      outcomes.put(answer.reviewId(), outcome(EventJson.mapper().valueToTree(answer)));
    }
    for (ConsumerRecord<byte[], byte[]> letter :
        TestBroker.readAll(
            running.topics.deadLetters(running.topics.reviews()),
            count - overHttp.size(),
            TestingService.SOON)) {
      outcomes.put(
          new String(letter.key(), UTF_8), DeadLetter.header(letter.headers(), DeadLetter.REASON));
    }
    // A text goes back to Kafka whole, but for its halves of characters.
    int answered = Collections.frequency(outcomes.values(), ANSWERED);
    for (ConsumerRecord<byte[], byte[]> record :
        TestBroker.readAll(running.topics.labelRequests(), answered, TestingService.SOON)) {
      LabelRequest request = EventJson.read(record.value(), LabelRequest.class);
      if (request.reviewId().equals("lone-low-inside")) {
        assertThat(request.text()).isEqualTo("good \uFFFD film");
      }
    }
    return outcomes;
  }

  private static HttpResponse<String> post(TestingService running, byte[] body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + running.service.port() + "/v1/classify"))
                .POST(BodyPublishers.ofByteArray(body))
                .build(),
            BodyHandlers.ofString());
  }

  /** Answered, or why it was abstained from. */
  private static String outcome(JsonNode answer) {
    return answer.path("abstained").asBoolean()
        ? answer.path("reason").path("code").asText()
        : ANSWERED;
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static byte[] bytes(String before, byte[] raw, String after) throws Exception {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(before.getBytes(UTF_8));
    all.write(raw);
    all.write(after.getBytes(UTF_8));
    return all.toByteArray();
  }
}
