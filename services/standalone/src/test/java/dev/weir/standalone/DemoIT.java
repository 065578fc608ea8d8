package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.contract.event.EventJson;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.standalone.loop.TopicReader;
import dev.weir.standalone.reference.RecordSchemas;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * The user's first command and what has to hold after it, on the default base: the small one may
 * learn too little from so few reviews for a second promotion.
 */
class DemoIT {

  /** What a dead letter keeps of a record that is far too large. */
  private static final int EXCERPT_BYTES = 1024;

  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "WEIR_HTTP_PORT",
          "0",
          // Every batch gets both decisions: how many adapters there are does not hang on the
          // speed.
          "WEIR_TRAIN_PASS_OVER",
          "0",
          "WEIR_TRAIN_EPOCHS",
          "1");

  @TempDir Path dataDir;

  @Test
  void demoReleasesAdaptersLosesNothingAndASecondStartFindsThemAgain() throws Exception {
    JsonNode report = demo();
    assertThat(report.get("classificationsOut").asLong())
        .isEqualTo(report.get("reviewsIn").asLong());
    assertThat(report.get("deadLetters").asInt()).isEqualTo(3);
    assertThat(report.get("adapters")).hasSizeGreaterThanOrEqualTo(2);
    assertThat(report.get("accuracyAfter").asDouble())
        .isGreaterThan(report.get("accuracyBefore").asDouble());

    JsonNode last = report.get("adapters").get(report.get("adapters").size() - 1);
    try (LocalLoop loop = new LocalLoop(dataDir, 0, ENVIRONMENT)) {
      loop.start();
      JsonNode served = awaitClassified(loop).get("results").get(0);
      assertThat(served.get("version").asInt()).isEqualTo(last.get("version").asInt());
      assertThat(served.get("adapterDigest").asText()).isEqualTo(last.get("digest").asText());
      badRecordsBecomeDeadLettersAndTheStreamGoesOn(loop);
      assertThat(new RecordSchemas().checkAll(loop.kafka()))
          .as("records of each event, all as the published schemas have them")
          .containsKeys(
              "Review",
              "Classification",
              "Feedback",
              "Example",
              "TrainingBatch",
              "Release",
              "Champion",
              "TrainingEvent");
    }
  }

  private JsonNode demo() throws Exception {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = WeirMain.commandLine(ENVIRONMENT);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    int code =
        line.execute(
            "demo",
            "--once",
            "--json",
            "--data-dir",
            dataDir.toString(),
            "--feedback",
            "240",
            "--reviews",
            "60",
            "--rate",
            "8");
    assertThat(code).as("%s%n%s", out, err).isZero();
    List<String> lines = out.toString().strip().lines().toList();
    return new ObjectMapper().readTree(lines.get(lines.size() - 1));
  }

  private static void badRecordsBecomeDeadLettersAndTheStreamGoesOn(LocalLoop loop) {
    String reviews = loop.topics().reviews();
    List<byte[]> bad = new ArrayList<>();
    bad.add("{\"id\":\"b1\",\"text\":".getBytes(StandardCharsets.UTF_8));
    bad.add("{\"id\":\"b2\"}".getBytes(StandardCharsets.UTF_8));
    bad.add("{\"id\":\"b3\",\"text\":\"\"}".getBytes(StandardCharsets.UTF_8));
    bad.add(EventJson.write(Map.of("id", "b4", "text", "x".repeat(2 << 20))));
    try (EventProducer producer = new EventProducer(loop.kafka());
        TopicReader letters =
            TopicReader.open(loop.kafka(), List.of(loop.topics().deadLetters(reviews)), false);
        TopicReader answers =
            TopicReader.open(loop.kafka(), List.of(loop.topics().classifications()), false)) {
      for (int i = 0; i < bad.size(); i++) {
        producer.sendBytes(reviews, ("b" + i).getBytes(StandardCharsets.UTF_8), bad.get(i));
        producer.send(reviews, "good" + i, Map.of("id", "good" + i, "text", "Lovely place."));
      }
      producer.send(reviews, "other", Map.of("id", "other", "text", "x y", "adapter", "nobody"));
      producer.flush();
      assertThat(read(letters, bad.size()))
          .extracting(ConsumerRecord::value)
          .containsExactlyInAnyOrder(
              bad.get(0), bad.get(1), bad.get(2), Arrays.copyOf(bad.get(3), EXCERPT_BYTES));
      List<JsonNode> classified = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> record : read(answers, bad.size() + 1)) {
        classified.add(EventJson.read(record.value(), JsonNode.class));
      }
      assertThat(classified).filteredOn(c -> c.get("abstained").asBoolean()).hasSize(1);
      assertThat(classified).filteredOn(c -> c.has("label")).hasSize(bad.size());
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(TopicReader reader, int count) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (records.size() < count && System.nanoTime() < deadline) {
      records.addAll(reader.poll(Duration.ofMillis(200)));
    }
    return records;
  }

  /** The adapter is loaded within moments of the start; until then the answer is an abstention. */
  private static JsonNode awaitClassified(LocalLoop loop) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + loop.httpPort() + "/v1/classify"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"text\":\"What a treat!\"}"))
            .build();
    HttpClient client = HttpClient.newHttpClient();
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
      JsonNode body = new ObjectMapper().readTree(response.body());
      boolean answered = !body.path("results").path(0).path("abstained").asBoolean(true);
      if (answered || System.nanoTime() > deadline) {
        return body;
      }
    }
  }
}
