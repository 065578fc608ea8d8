package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.WeirException;
import dev.weir.service.security.ServerTrust;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A client of the inference service's HTTP interface; for one command. */
final class HttpApi {

  private final String url;
  private final String key;
  private final HttpClient client;

  /**
   * A client of one service.
   *
   * @param key the API key to show, or empty for none
   * @param certificate a PEM file with certificates to believe besides those that the JDK does
   */
  HttpApi(String url, String key, Optional<Path> certificate) {
    this.key = key;
    check(url);
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5));
    certificate.ifPresent(file -> builder.sslContext(ServerTrust.with(file)));
    this.client = builder.build();
    this.url = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  JsonNode get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).GET());
  }

  JsonNode post(String path, Object body) {
    return send(
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(EventJson.write(body))));
  }

  private static void check(String url) {
    String scheme = url.toLowerCase(Locale.ROOT);
    if (!scheme.startsWith("http://") && !scheme.startsWith("https://")) {
      throw new ApiException(
          "'%s' is no address of a service: it has no http:// or https://; write --url http://%s"
              .formatted(url, url.contains("://") ? "host:port" : url),
          null);
    }
  }

  private URI uri(String path) {
    try {
      return URI.create(url + path);
    } catch (IllegalArgumentException e) {
      throw new ApiException("'" + url + "' is not a URL; write http://host:port", e);
    }
  }

  /** A report that a service gives with a status of its own, such as 503 when it is not ready. */
  JsonNode report(String path) {
    HttpResponse<byte[]> response = exchange(HttpRequest.newBuilder(uri(path)).GET());
    JsonNode body = json(response);
    return response.statusCode() == 503 && body.has("components") ? body : checked(response, body);
  }

  /** A text, such as metrics. */
  String text(String path) {
    HttpResponse<byte[]> response = exchange(HttpRequest.newBuilder(uri(path)).GET());
    if (response.statusCode() / 100 != 2) {
      checked(response, json(response));
    }
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private JsonNode send(HttpRequest.Builder request) {
    HttpResponse<byte[]> response = exchange(request);
    return checked(response, json(response));
  }

  private JsonNode json(HttpResponse<byte[]> response) {
    try {
      return EventJson.mapper().readTree(response.body());
    } catch (IOException e) {
      throw noAnswer(e);
    }
  }

  private JsonNode checked(HttpResponse<byte[]> response, JsonNode body) {
    if (response.statusCode() / 100 != 2) {
      String detail = body.path("detail").asText(body.path("title").asText("no detail"));
      if (body.has("index")) {
        detail = "text " + (body.path("index").asInt() + 1) + ": " + detail;
      }
      String remedy = response.statusCode() == 401 ? "; the key is read from WEIR_API_KEY" : "";
      throw new ApiException(
          url + " answered " + response.statusCode() + ": " + detail + remedy,
          new IOException("HTTP " + response.statusCode()));
    }
    return body;
  }

  private HttpResponse<byte[]> exchange(HttpRequest.Builder request) {
    if (!key.isEmpty()) {
      request.header("Authorization", "Bearer " + key);
    }
    try {
      return client.send(
          request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException | IllegalArgumentException e) {
      throw noAnswer(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ApiException("interrupted while waiting for " + url, e);
    }
  }

  private ApiException noAnswer(Exception fault) {
    return new ApiException(
        "no usable answer from "
            + url
            + " ("
            + fault
            + "); start it with weir up, or name it with --url",
        fault);
  }

  /** The service did not answer, or refused. */
  static final class ApiException extends WeirException {
    private static final long serialVersionUID = 1L;

    ApiException(String problem, @Nullable Throwable cause) {
      super("http-api", problem, cause);
    }
  }
}
