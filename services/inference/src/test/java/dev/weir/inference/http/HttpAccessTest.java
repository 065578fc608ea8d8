package dev.weir.inference.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.weir.contract.event.EventJson;
import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.KeyRing;
import dev.weir.inference.access.Scope;
import dev.weir.inference.http.guard.RequiredScope;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.http.web.Problem;
import dev.weir.service.security.TlsIdentity;
import dev.weir.testing.TestingCertificate;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may ask for what, and what a hostile client cannot do. */
class HttpAccessTest {

  private static final String TEXT = "{\"text\":\"a fine film\"}";
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final HttpClient client = HttpClient.newHttpClient();
  private TestingParts testing;
  private HttpApi http;

  @BeforeEach
  void open() {
    testing = new TestingParts(directory);
  }

  @AfterEach
  void close() {
    if (http != null) {
      http.close();
    }
    testing.close();
  }

  @ParameterizedTest
  @CsvSource({
    "GET,  /v1/adapters,                  401, 200, 403, 200",
    "GET,  /v1/adapters/default,          401, 200, 403, 200",
    "GET,  /v2,                           401, 200, 403, 200",
    "GET,  /v2/models/default,            401, 200, 403, 200",
    "POST, /v1/classify,                  401, 200, 403, 200",
    "POST, /v2/models/default/infer,      401, 400, 403, 400",
    "POST, /v1/feedback,                  401, 403, 422, 422",
    "POST, /v1/adapters/default/promote,  401, 403, 403, 422",
    "POST, /v1/adapters/default/rollback, 401, 403, 403, 503",
    "POST, /v1/adapters/default/canary,   401, 403, 403, 422",
    "POST, /v1/./adapters//default/pin,   401, 403, 403, 503",
    "POST, /v1/nothing,                   401, 403, 403, 404",
    "GET,  /v1/nothing,                   401, 404, 403, 404",
    "DELETE, /v1/adapters/default,        401, 403, 403, 405",
    "GET,  /health/live,                  200, 200, 200, 200",
    "GET,  /v2/health/live,               200, 200, 200, 200",
    "GET,  /metrics,                      200, 200, 200, 200",
    "GET,  /openapi.yaml,                 200, 200, 200, 200",
    "GET,  /,                             200, 200, 200, 200",
    "GET,  /console/nothing.js,           404, 404, 404, 404",
  })
  void eachScopeOpensItsRoutes(
      String method, String path, int none, int classify, int feedback, int admin)
      throws Exception {
    start(keyed("classify", "feedback", "admin"));
    assertThat(status(method, path, "")).isEqualTo(none);
    assertThat(status(method, path, "nobody-s-key")).isEqualTo(none);
    assertThat(status(method, path, "classify")).isEqualTo(classify);
    assertThat(status(method, path, "feedback")).isEqualTo(feedback);
    assertThat(status(method, path, "admin")).isEqualTo(admin);
  }

  @Test
  void refusalsSayWhyAndWhatIsNeeded() throws Exception {
    start(keyed("classify"));

    HttpResponse<String> none = send(request("/v1/adapters"));
    assertThat(none.headers().firstValue("WWW-Authenticate")).hasValue("Bearer realm=\"weir\"");
    assertThat(none.headers().firstValue("Content-Type")).hasValue(Problem.TYPE);
    assertThat(json(none).get("code").asText()).isEqualTo("key-required");

    HttpResponse<String> unknown = send(request("/v1/adapters", "guess"));
    assertThat(unknown.headers().firstValue("WWW-Authenticate").orElseThrow())
        .contains("invalid_token");
    assertThat(json(unknown).get("code").asText()).isEqualTo("unknown-key");
    assertThat(unknown.body()).doesNotContain("guess");

    HttpResponse<String> scope =
        send(request("/v1/feedback", "classify").POST(BodyPublishers.ofString("{}")));
    assertThat(scope.headers().firstValue("WWW-Authenticate").orElseThrow())
        .contains("insufficient_scope", "feedback");
    assertThat(json(scope).get("detail").asText()).contains("key 'classify'", "'feedback'");

    assertThat(json(send(request("/v2"))).get("error").asText()).contains("weir keys new");
    assertThat(send(request("/metrics")).body())
        .contains("weir_inference_http_refused_total{reason=\"scope\"} 1.0");
  }

  /** The document is what clients are written by: what it says of keys must be so. */
  @Test
  void theDescriptionSaysWhichScopeEachOperationNeeds() throws Exception {
    start(keyed("classify", "feedback", "admin"));
    JsonNode document = new YAMLMapper().readTree(send(request("/openapi.yaml")).body());
    JsonNode usual = document.get("security");
    List<String> operations = new ArrayList<>();
    for (var path : document.get("paths").properties()) {
      for (String method : List.of("get", "post")) {
        JsonNode operation = path.getValue().get(method);
        if (operation == null) {
          continue;
        }
        JsonNode security = operation.has("security") ? operation.get("security") : usual;
        String at = path.getKey().replaceAll("\\{\\w+}", "x");
        String upper = method.equals("get") ? "GET" : "POST";
        if (at.equals("/v1/stream")) {
          continue; // Its scope depends on the feeds.
        }
        if (at.startsWith("/v1/stream/")) {
          // Their answers have no end; the handlers before are the same.
          assertThat(scope(at, List.of()))
              .as(at)
              .isEqualTo(Scope.of(security.get(0).get("key").get(0).asText()));
          assertThat(status(upper, at, "")).as(at).isEqualTo(401);
          continue;
        }
        operations.add(upper + " " + at);
        if (security.isEmpty()) {
          assertThat(status(upper, at, "")).as(at).isNotEqualTo(401);
        } else {
          Scope scope = Scope.of(security.get(0).get("key").get(0).asText());
          assertThat(status(upper, at, "")).as(at).isEqualTo(401);
          assertThat(status(upper, at, scope.word())).as(at).isNotIn(401, 403);
          assertThat(RequiredScope.of(HttpMethod.valueOf(upper), at, List.of()))
              .as(at)
              .hasValue(scope);
        }
      }
    }
    assertThat(operations).hasSizeGreaterThan(20);
  }

  /** Who may have his own texts classified may not therefore read what everybody else wrote. */
  @Test
  void streamsWithTextsNeedAScopeOfTheirOwn() throws Exception {
    start(keyed("classify", "texts", "feedback", "admin"));

    for (String textless : List.of("classifications", "adapters", "training")) {
      assertThat(scope("/v1/stream/" + textless, List.of())).isEqualTo(Scope.CLASSIFY);
    }
    assertThat(scope("/v1/stream", List.of("classifications,batches,training,adapters")))
        .isEqualTo(Scope.CLASSIFY);
    for (String texts : List.of("reviews", "label-requests", "examples", "another", "")) {
      assertThat(scope("/v1/stream", List.of(texts))).as(texts).isEqualTo(Scope.TEXTS);
      assertThat(scope("/v1/stream", List.of("training", "adapters," + texts)))
          .as(texts)
          .isEqualTo(Scope.TEXTS);
      assertThat(scope("/v1/stream/" + texts, List.of())).as(texts).isEqualTo(Scope.TEXTS);
    }

    for (String path :
        List.of(
            "/v1/stream/label-requests",
            "/v1/stream?feeds=reviews",
            "/v1/stream?feeds=training&feeds=reviews",
            "/v1/stream?feeds=training%2Cexamples",
            "/v1/stream/?feeds=reviews")) {
      assertThat(status("GET", path, "classify")).as(path).isEqualTo(403);
      assertThat(status("GET", path, "feedback")).as(path).isEqualTo(403);
    }
    assertThat(status("GET", "/v1/stream/training", "texts")).isEqualTo(403);
    for (String path : List.of("/v1/stream?feeds=reviews,training", "/v1/stream/label-requests")) {
      assertThat(listen(path, "texts").statusCode()).as(path).isEqualTo(200);
      assertThat(listen(path, "admin").statusCode()).as(path).isEqualTo(200);
    }
    assertThat(listen("/v1/stream?feeds=training", "classify").statusCode()).isEqualTo(200);
  }

  @Test
  void aChangeOfKeysEndsOpenStreamsAndWhoMayStillReadComesBack() throws Exception {
    start(keyed("gone", "stays"));
    try (InputStream gone = listen("/v1/stream/training", "gone").body();
        InputStream stays = listen("/v1/stream/training", "stays").body()) {
      assertThat(gone.read()).isPositive();
      assertThat(stays.read()).isPositive();

      write("stays", "new");

      // To its end: both are cut off, since a stream does not know which key it was opened with.
      gone.transferTo(OutputStream.nullOutputStream());
      stays.transferTo(OutputStream.nullOutputStream());
    }
    assertThat(status("GET", "/v1/stream/training", "gone")).isEqualTo(401);
    assertThat(listen("/v1/stream/training", "stays").statusCode()).isEqualTo(200);
    assertThat(listen("/v1/stream/training", "new").statusCode()).isEqualTo(200);
  }

  private HttpResponse<InputStream> listen(String path, String key) throws Exception {
    return client.send(request(path, key).build(), BodyHandlers.ofInputStream());
  }

  private static Scope scope(String path, List<String> feeds) {
    return RequiredScope.of(HttpMethod.GET, path, feeds).orElseThrow();
  }

  @Test
  void aKeyThatIsGoneFromTheFileOpensNothing() throws Exception {
    start(keyed("first", "second"));
    assertThat(status("GET", "/v1/adapters", "first")).isEqualTo(200);
    write("second", "third");
    await().atMost(SOON).until(() -> status("GET", "/v1/adapters", "first") == 401);
    assertThat(status("GET", "/v1/adapters", "second")).isEqualTo(200);
    assertThat(status("GET", "/v1/adapters", "third")).isEqualTo(200);
  }

  @Test
  void whoAsksTooOftenIsToldWhenToGoOnAndNobodyElseIs() throws Exception {
    start(keyed("busy", "quiet"), 1, 5);
    int last = 200;
    for (int i = 0; i < 100 && last == 200; i++) {
      last = status("GET", "/v1/adapters", "busy");
    }
    assertThat(last).isEqualTo(429);
    HttpResponse<String> refused = send(request("/v1/adapters", "busy"));
    assertThat(refused.headers().firstValue("Retry-After").orElseThrow()).matches("[1-9]");
    assertThat(json(refused).get("code").asText()).isEqualTo("rate-limited");
    assertThat(status("GET", "/v1/adapters", "quiet")).isEqualTo(200);

    // Guessing keys counts for the address, and stops there; probes go on.
    last = 401;
    for (int i = 0; i < 100 && last == 401; i++) {
      last = status("GET", "/v1/adapters", "guess-" + i);
    }
    assertThat(last).isEqualTo(429);
    assertThat(status("GET", "/health/live", "")).isEqualTo(200);
    assertThat(status("GET", "/metrics", "")).isEqualTo(200);
  }

  @Test
  void pagesOfOtherOriginsMayDoNothingUnlessTheyAreAllowed() throws Exception {
    start(
        new HttpConfig(
            "127.0.0.1",
            0,
            Optional.empty(),
            Optional.empty(),
            0,
            1,
            64,
            SOON,
            Set.of("https://console.example.org"),
            Set.of()));

    HttpResponse<String> foreign = send(classify().header("Origin", "https://evil.example"));
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(json(foreign).get("code").asText()).isEqualTo("origin-not-allowed");
    HttpResponse<String> read =
        send(request("/v1/adapters").header("Origin", "https://evil.example"));
    assertThat(read.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    HttpResponse<String> sandboxed = send(classify().header("Origin", "null"));
    assertThat(sandboxed.statusCode()).isEqualTo(403);

    HttpResponse<String> own = send(classify().header("Origin", "http://127.0.0.1:" + http.port()));
    assertThat(own.statusCode()).isEqualTo(200);

    HttpResponse<String> allowed = send(classify().header("Origin", "https://console.example.org"));
    assertThat(allowed.statusCode()).isEqualTo(200);
    assertThat(allowed.headers().firstValue("Access-Control-Allow-Origin"))
        .hasValue("https://console.example.org");
    HttpResponse<String> preflight =
        send(
            request("/v1/classify")
                .header("Origin", "https://console.example.org")
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "authorization,content-type")
                .method("OPTIONS", BodyPublishers.noBody()));
    assertThat(preflight.statusCode()).isEqualTo(204);
    assertThat(preflight.headers().firstValue("Access-Control-Allow-Headers").orElseThrow())
        .containsIgnoringCase("authorization");
  }

  @Test
  void browsersAreToldToRunNothingButOwnFiles() throws Exception {
    start(keyed("admin"));
    for (String path : List.of("/", "/v1/adapters", "/nothing", "/metrics")) {
      HttpResponse<String> response = send(request(path));
      assertThat(response.headers().firstValue("Content-Security-Policy").orElseThrow())
          .as(path)
          .contains("default-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe");
      assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(response.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
      assertThat(response.headers().firstValue("Strict-Transport-Security")).isEmpty();
    }
  }

  @Test
  void servesHttpsWithTheCertificateThatIsInTheFileNow() throws Exception {
    TestingCertificate first = TestingCertificate.make(directory, "first", "EC");
    TestingCertificate second = TestingCertificate.make(directory, "second", "EC");
    start(
        new HttpConfig(
            "127.0.0.1",
            0,
            Optional.of(TlsIdentity.of(first.certificate(), first.key())),
            keyed("admin").keys(),
            0,
            1,
            64,
            SOON,
            Set.of(),
            Set.of()));
    HttpResponse<String> response = overTls(first, second);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Strict-Transport-Security")).isPresent();
    assertThat(response.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
    assertThat(response.sslSession().orElseThrow().getPeerCertificates()[0])
        .isEqualTo(first.x509());

    Files.copy(second.key(), first.key(), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(second.certificate(), first.certificate(), StandardCopyOption.REPLACE_EXISTING);
    await()
        .atMost(SOON)
        .until(
            () ->
                overTls(first, second)
                    .sslSession()
                    .orElseThrow()
                    .getPeerCertificates()[0]
                    .equals(second.x509()));
  }

  private HttpResponse<String> overTls(TestingCertificate... trusted) throws Exception {
    // A client of its own each time: another one would go on with its connection.
    return HttpClient.newBuilder()
        .sslContext(TestingCertificate.trusting(trusted))
        .build()
        .send(
            HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + http.port() + "/v1/adapters"))
                .header("Authorization", "Bearer admin")
                .build(),
            BodyHandlers.ofString());
  }

  /** Half of all connections are for one address: the one that has waited for longest goes. */
  @Test
  void whoeverSaysNothingKeepsNobodyElseOut() throws Exception {
    start(bounded(8, SOON));
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        silent.add(connect());
      }
      for (int i = 0; i < 3; i++) {
        assertThat(status("GET", "/health/live", "")).isEqualTo(200);
        assertThat(status("GET", "/metrics", "")).isEqualTo(200);
      }
      assertThat(closedByServer(silent.get(0))).isTrue();
      assertThat(closedByServer(silent.get(35))).isTrue();
      try (Socket last = connect()) {
        assertThat(ask(last)).startsWith("HTTP/1.1 200");
      }
      assertThat(send(request("/metrics")).body())
          .containsPattern("weir_inference_http_refused_total\\{reason=\"connections\"} [1-9]");
    } finally {
      for (Socket each : silent) {
        each.close();
      }
    }
  }

  /** A connection whose answer is due is never closed for a newcomer. */
  @Test
  void connectionsThatAreBeingAnsweredStay() throws Exception {
    start(bounded(4, SOON));
    try (Socket one = connect();
        Socket two = connect()) {
      for (Socket each : List.of(one, two)) {
        send(each, "GET /v1/stream/training HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(new String(each.getInputStream().readNBytes(12), US_ASCII))
            .isEqualTo("HTTP/1.1 200");
      }
      try (Socket three = connect()) {
        assertThat(closedByServer(three)).isTrue();
      }
      two.shutdownOutput(); // The server sees the end, and ends its side.
      await()
          .atMost(SOON)
          .until(
              () -> {
                try (Socket next = connect()) {
                  return ask(next).startsWith("HTTP/1.1 200");
                } catch (SocketException e) {
                  return false; // The server has not seen the end of the other one yet.
                }
              });
    }
  }

  @Test
  void aRequestThatDoesNotArriveDoesNotKeepItsConnection() throws Exception {
    start(bounded(64, Duration.ofMillis(300)));
    try (Socket head = connect();
        Socket body = connect();
        Socket silent = connect()) {
      send(head, "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
      send(
          body,
          "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{\"text\":");
      assertThat(closedByServer(silent)).isTrue();
      assertThat(closedByServer(head)).isTrue();
      String answer = new String(body.getInputStream().readAllBytes(), US_ASCII);
      assertThat(answer).startsWith("HTTP/1.1 408").contains("request-timeout");
    }
  }

  @Test
  void headsAreBounded() throws Exception {
    start(bounded(64, SOON));
    assertThat(send(request("/health/live").header("X-Long", "x".repeat(10_000))).statusCode())
        .isEqualTo(431);
    assertThat(send(request("/" + "x".repeat(5_000))).statusCode()).isEqualTo(414);
    assertThat(send(request("/v1/adapters", "k".repeat(4_000))).statusCode()).isEqualTo(200);
  }

  @Test
  void aNewConnectionThatSaysNothingIsClosedSoonerThanOneThatHasAsked() throws Exception {
    start(bounded(64, Duration.ofSeconds(6)));
    try (Socket silent = connect();
        Socket slow = connect();
        Socket kept = connect()) {
      assertThat(ask(kept)).endsWith("200");
      send(slow, "GET /health/live HTTP/1.1\r\nHost: loc");
      assertThat(closedByServer(silent)).isTrue();
      assertThat(closedByServer(slow)).isTrue();
      send(kept, "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      String rest = new String(kept.getInputStream().readAllBytes(), US_ASCII);
      assertThat(rest).contains("HTTP/1.1 200");
    }
  }

  private static HttpConfig bounded(int connections, Duration idle) {
    return new HttpConfig(
        "127.0.0.1",
        0,
        Optional.empty(),
        Optional.empty(),
        0,
        1,
        connections,
        idle,
        Set.of(),
        Set.of());
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port());
    socket.setSoTimeout((int) SOON.toMillis());
    return socket;
  }

  private static String ask(Socket socket) throws IOException {
    send(socket, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return new String(socket.getInputStream().readNBytes(12), US_ASCII);
  }

  private static void send(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(US_ASCII));
    out.flush();
  }

  private static boolean closedByServer(Socket socket) throws IOException {
    try {
      InputStream in = socket.getInputStream();
      return in.read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  /** Keys that are their own names; each is good for what it is named after, else for all. */
  private HttpConfig keyed(String... names) throws IOException {
    return new HttpConfig(
        "127.0.0.1",
        0,
        Optional.empty(),
        Optional.of(new KeyRing(write(names))),
        0,
        1,
        64,
        SOON,
        Set.of(),
        Set.of());
  }

  private Path write(String... names) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String name : names) {
      Scope scope =
          Set.of("classify", "texts", "feedback").contains(name) ? Scope.of(name) : Scope.ADMIN;
      lines.add(ApiKey.of(name, Set.of(scope), name).line());
    }
    return Files.write(directory.resolve("keys"), lines);
  }

  private void start(HttpConfig config, int rate, int burst) {
    start(
        new HttpConfig(
            config.host(),
            config.port(),
            config.tls(),
            config.keys(),
            rate,
            burst,
            config.connections(),
            config.idle(),
            config.origins(),
            config.hosts()));
  }

  private void start(HttpConfig config) {
    http = new HttpApi(config, testing.parts, Duration.ofMillis(20));
    http.start();
  }

  private int status(String method, String path, String key) throws Exception {
    HttpRequest.Builder request = key.isEmpty() ? request(path) : request(path, key);
    String body = path.equals("/v1/classify") ? TEXT : "{}";
    if (!method.equals("GET")) {
      request.header("Content-Type", "application/json");
      request.method(method, BodyPublishers.ofString(body));
    }
    return send(request).statusCode();
  }

  private HttpRequest.Builder classify() {
    return request("/v1/classify")
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(TEXT));
  }

  private HttpRequest.Builder request(String path, String key) {
    return request(path).header("Authorization", "Bearer " + key);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return EventJson.mapper().readTree(response.body());
  }
}
