package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A service that answers {@code {field: text}} with status 200 and a body that has the field {@code
 * label}. Thread-safe; connections are kept and opened as requests in flight need them.
 */
public final class HttpEndpoint {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  /** Clients share the cores with what they measure: nothing is handed to threads of its own. */
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(Runnable::run).build();

  private final URI uri;
  private final String field;

  /** An address, and the field of the body that the text goes into. */
  public HttpEndpoint(URI uri, String field) {
    this.uri = uri;
    this.field = field;
  }

  /** Sends one text; the future fails unless the answer is one. */
  public CompletableFuture<String> send(String text) {
    ObjectNode body = JSON.createObjectNode().put(field, text);
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(bytes(body)))
            .build();
    return client.sendAsync(request, BodyHandlers.ofString()).thenApply(this::checked);
  }

  private String checked(HttpResponse<String> response) {
    String body = response.body();
    if (response.statusCode() != 200 || !body.contains("\"label\":")) {
      throw new IllegalStateException(
          uri
              + " answers "
              + response.statusCode()
              + ": "
              + body.substring(0, Math.min(300, body.length())));
    }
    return body;
  }

  private static byte[] bytes(ObjectNode body) {
    try {
      return JSON.writeValueAsBytes(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
