package dev.weir.standalone.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.common.event.EventJson;
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
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private List<String> before;

  SentenceBoard(List<String> sentences, int port) {
    this.sentences = sentences;
    this.classify = URI.create("http://localhost:" + port + "/v1/classify");
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
    HttpRequest request =
        HttpRequest.newBuilder(classify)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofByteArray(EventJson.write(Map.of("texts", sentences))))
            .build();
    HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    JsonNode results = EventJson.mapper().readTree(response.body()).path("results");
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
