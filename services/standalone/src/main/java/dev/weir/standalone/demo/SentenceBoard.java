package dev.weir.standalone.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.service.security.ServerTrust;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * A handful of sentences that nobody labels, classified over HTTP before and after each adapter.
 *
 * <p>For one thread.
 */
final class SentenceBoard {

  private static final int WIDTH = 64;

  private final List<String> sentences;
  private final URI classify;
  private final String key;
  private final HttpClient client;
  private List<String> before;

  /**
   * A board that nobody was asked for yet.
   *
   * @param url of the loop in this very process: its certificate may be for any name
   * @param key the API key to show, or empty
   */
  SentenceBoard(List<String> sentences, String url, String key) {
    this.sentences = sentences;
    this.classify = URI.create(url + "/v1/classify");
    this.key = key;
    this.client =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(5))
            .sslContext(ServerTrust.ofLoopback())
            .build();
    this.before = sentences.stream().map(sentence -> "-").toList();
  }

  /** Classifies the sentences now; returns the board with the answers before and after. */
  String next(String title) throws IOException, InterruptedException {
    List<String> now = ask();
    StringBuilder board = new StringBuilder();
    board.append(
        String.format(Locale.ROOT, "%n  %-" + WIDTH + "s  %-15s %s%n", title, "before", "now"));
    for (int i = 0; i < sentences.size(); i++) {
      board.append(
          String.format(
              Locale.ROOT,
              "  %-" + WIDTH + "s  %-15s %s%n",
              clipped(sentences.get(i)),
              before.get(i),
              now.get(i)));
    }
    before = now;
    return board.toString();
  }

  private List<String> ask() throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(classify)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofByteArray(
                    EventJson.write(Map.of("texts", sentences))));
    if (!key.isEmpty()) {
      request.header("Authorization", "Bearer " + key);
    }
    HttpResponse<byte[]> response =
        client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    JsonNode answer = EventJson.mapper().readTree(response.body());
    if (response.statusCode() != 200) {
      String remedy =
          response.statusCode() / 100 == 4 ? "; its API key is read from WEIR_API_KEY" : "";
      throw new DemoRun.DemoException(
          "%s answered %d: %s%s"
              .formatted(classify, response.statusCode(), answer.path("detail").asText(), remedy));
    }
    JsonNode results = answer.path("results");
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < sentences.size(); i++) {
      JsonNode result = results.path(i);
      String label = result.path("label").asText();
      answers.add(
          result.path("abstained").asBoolean() || label.isEmpty()
              ? "abstained"
              : String.format(
                  Locale.ROOT, "%s %.2f", label, result.path("scores").path(label).asDouble()));
    }
    return answers;
  }

  private static String clipped(String sentence) {
    Objects.requireNonNull(sentence);
    return sentence.length() <= WIDTH ? sentence : sentence.substring(0, WIDTH - 1) + "…";
  }
}
