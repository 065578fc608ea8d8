package dev.weir.inference.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.inference.http.web.RoutePatterns;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleAssetsTest {

  private static final Path FILES = Path.of("src/main/resources/dev/weir/inference/http/console");
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static Vertx vertx;
  private static HttpServer server;

  @BeforeAll
  static void serve() throws Exception {
    vertx = Vertx.vertx();
    Router router = Router.router(vertx);
    ConsoleAssets assets = new ConsoleAssets();
    router.get("/").handler(assets::page);
    router.get("/console/:file").handler(assets::serve);
    Problems.STATUSES.forEach(
        status -> router.errorHandler(status, new Problems(new RoutePatterns(router))));
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get();
  }

  @AfterAll
  static void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @ParameterizedTest
  @CsvSource({
    "/, text/html; charset=utf-8",
    "/console/index.html, text/html; charset=utf-8",
    "/console/main.js, text/javascript; charset=utf-8",
    "/console/console.css, text/css; charset=utf-8",
    "/console/icon.svg, image/svg+xml",
    "/console/uplot.js, text/javascript; charset=utf-8",
    "/console/uplot.css, text/css; charset=utf-8"
  })
  void eachFileHasItsTypeAndIsAskedForAgain(String path, String type) throws Exception {
    HttpResponse<String> response = get(path, null);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isNotBlank();
    assertThat(response.headers().firstValue("Content-Type")).hasValue(type);
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-cache");
    assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    String tag = response.headers().firstValue("ETag").orElseThrow();

    HttpResponse<String> again = get(path, "\"other\", W/" + tag);
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
    assertThat(again.headers().firstValue("ETag")).hasValue(tag);
    assertThat(get(path, "\"other\"").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/console/nothing.js",
        "/console/..%2fopenapi.yaml",
        "/console/%2e%2e%2fopenapi.yaml",
        "/console/..%5copenapi.yaml",
        "/console/ConsoleAssets.class",
        "/console/%2fetc%2fpasswd",
        "/console/main.js%00.html",
        "/console/"
      })
  void whatIsNotListedIsNotServed(String path) throws Exception {
    HttpResponse<String> response = get(path, null);
    assertThat(response.statusCode()).isEqualTo(404);
    JsonNode problem = EventJson.mapper().readTree(response.body());
    assertThat(problem.get("code").asText()).isEqualTo("not-found");
  }

  /** Clients of a library clean paths up before they send them; an attacker does not. */
  @Test
  void aPathThatClimbsLeadsNowhere() throws Exception {
    for (String path : List.of("/console/../../etc/passwd", "/console/../openapi.yaml")) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort())) {
        String request =
            "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        assertThat(reader.readLine()).isEqualTo("HTTP/1.1 404 Not Found");
      }
    }
  }

  @Test
  void theListHoldsEveryFileThatThereIs() throws Exception {
    try (Stream<Path> files = Files.list(FILES)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(ConsoleAssets.OWN);
    }
  }

  /** A page that loads nothing from elsewhere and runs nothing that stands in it. */
  @Test
  void thePageKeepsItsPolicy() throws Exception {
    HttpResponse<String> response = get("/", null);
    String policy = response.headers().firstValue("Content-Security-Policy").orElseThrow();
    assertThat(policy).contains("default-src 'self'").doesNotContain("unsafe");
    String page = response.body();
    assertThat(page)
        .doesNotContain("<style", " style=", "http://", "https://", "javascript:")
        .doesNotContainPattern("<script[^>]*>[^<]")
        .doesNotContainPattern("\\son\\w+=");
  }

  /** In one file: a page with Pico's rules alone asks for pictures that its policy refuses. */
  @Test
  void picosRulesStandInFrontOfTheConsolesOwn() throws Exception {
    String styles = get("/console/console.css", null).body();
    assertThat(styles)
        .contains("Pico CSS")
        .endsWith(Files.readString(FILES.resolve("console.css")));
    assertThat(get("/", null).body()).doesNotContain("pico");
  }

  @Test
  void everythingThatThePageAndTheModulesNameIsServed() throws Exception {
    Set<String> named = new TreeSet<>();
    collect(get("/", null).body(), "(?:href|src)=\"console/([^\"]+)\"", named);
    for (String file : ConsoleAssets.OWN) {
      if (file.endsWith(".js")) {
        String module = Files.readString(FILES.resolve(file));
        collect(module, "from '\\./([^']+)'", named);
        assertThat(module).as(file).doesNotContain("innerHTML", "insertAdjacentHTML", "eval(");
      }
    }
    assertThat(named).contains("main.js", "uplot.js", "console.css", "sse.js");
    for (String name : named) {
      assertThat(get("/console/" + name, null).statusCode()).as(name).isEqualTo(200);
    }
  }

  private static void collect(String text, String pattern, Set<String> into) {
    Pattern.compile(pattern).matcher(text).results().forEach(found -> into.add(found.group(1)));
  }

  private static HttpResponse<String> get(String path, String known) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + path));
    if (known != null) {
      request.header("If-None-Match", known);
    }
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }
}
