package dev.weir.standalone.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.Review;
import dev.weir.contract.topic.Topics;
import dev.weir.standalone.loop.EventProducer;
import dev.weir.standalone.loop.LocalLoop;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;

/** Reviews and feedback for a running loop, good and bad ones, on both paths. */
final class LoopTraffic implements AutoCloseable {

  /** The longest that a step may take on a machine that does much else. */
  private static final Duration PATIENCE = Duration.ofMinutes(8);

  private final LocalLoop loop;
  private final Topics topics;
  private final EventProducer producer;
  private final List<JsonNode> rows = sample();
  private final HttpClient http = HttpClient.newHttpClient();

  LoopTraffic(LocalLoop loop) {
    this.loop = loop;
    this.topics = loop.topics();
    this.producer = new EventProducer(loop.kafka());
  }

  /** What Prometheus scrapes. */
  String target() {
    return "127.0.0.1:" + loop.opsPort();
  }

  private String server() {
    return "127.0.0.1:" + loop.httpPort();
  }

  /** Labeled texts that nobody was asked about: enough for a batch. */
  void teach(int from, int to) {
    for (int i = from; i < to; i++) {
      JsonNode row = rows.get(i);
      String id = "taught-" + i;
      producer.send(
          topics.feedback(),
          id,
          Feedback.labeled(id, text(row), row.path("label").asText(), "test"));
    }
    producer.flush();
  }

  /** The same again, with another label once, and records that are no feedback. */
  void teachBadly() {
    teach(0, 5);
    JsonNode row = rows.get(0);
    String other = row.path("label").asText().equals("positive") ? "negative" : "positive";
    producer.send(
        topics.feedback(), "taught-0", Feedback.labeled("taught-0", text(row), other, "test"));
    for (int i = 0; i < 12; i++) {
      producer.sendBytes(topics.feedback(), null, "{no feedback".getBytes(StandardCharsets.UTF_8));
      producer.sendBytes(topics.reviews(), null, "{no review".getBytes(StandardCharsets.UTF_8));
    }
    producer.flush();
  }

  /** Reviews over Kafka. */
  void ask(int from, int to) {
    for (int i = from; i < to; i++) {
      String id = "asked-" + i;
      producer.send(topics.reviews(), id, Review.of(id, text(rows.get(i))));
    }
    producer.flush();
  }

  /** What was right about these reviews. */
  void judge(int from, int to) {
    for (int i = from; i < to; i++) {
      String id = "asked-" + i;
      Feedback feedback =
          new Feedback(
              null, id, null, rows.get(i).path("label").asText(), null, null, null, "test", null);
      producer.send(topics.feedback(), id, feedback);
    }
    producer.flush();
  }

  /** Requests of each kind. */
  void browse() {
    post("/v1/classify", "{\"text\": \"%s\"}".formatted("A lovely little film."));
    post("/v1/classify", "{\"text\": \"A lovely little film.\", \"explain\": true}");
    post("/v1/classify", "{");
    get("/v1/adapters");
    get("/health/ready");
    get("/nowhere");
  }

  /** Waits until a sample of the scrape is at least so large. */
  void awaitMetric(String series, double least) {
    Awaitility.await(series + " >= " + least)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(300))
        .until(() -> sum(series) >= least);
  }

  /** The sum of the samples whose line begins with {@code series}. */
  private double sum(String series) {
    return get("/metrics")
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  String get(String path) {
    return send(HttpRequest.newBuilder(URI.create("http://" + server() + path)).GET());
  }

  private void post(String path, String body) {
    send(
        HttpRequest.newBuilder(URI.create("http://" + server() + path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private String send(HttpRequest.Builder request) {
    try {
      return http.send(
              request.timeout(Duration.ofMinutes(2)).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String text(JsonNode row) {
    return row.path("text").asText();
  }

  private static List<JsonNode> sample() {
    List<JsonNode> rows = new ArrayList<>();
    ObjectMapper json = new ObjectMapper();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    LocalLoop.class.getResourceAsStream("/sample/reviews.jsonl")),
                StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        rows.add(json.readTree(line));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(rows);
  }

  /** Settings that make trainings as short as they can be on the real base model. */
  static Map<String, String> settings() {
    return Map.of(
        "WEIR_HTTP_PORT", "0",
        "WEIR_CURATION_BATCH_SIZE", "80",
        "WEIR_CURATION_HOLDOUT_SHARE", "0.4",
        "WEIR_TRAIN_LAYERS", "1",
        "WEIR_TRAIN_TARGETS", "query",
        "WEIR_TRAIN_RANK", "4",
        "WEIR_TRAIN_EPOCHS", "1",
        "WEIR_TRAIN_MAX_TOKENS", "32",
        "WEIR_TRAIN_MICRO_BATCH_TOKENS", "512",
        "WEIR_LOG_LEVEL", "INFO");
  }

  @Override
  public void close() {
    producer.close();
  }
}
