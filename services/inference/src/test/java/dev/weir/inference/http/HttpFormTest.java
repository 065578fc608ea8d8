package dev.weir.inference.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.inference.http.web.BoundedParser;
import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.http.web.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What RFC 9110 and our own description ask of the form of requests and answers. */
class HttpFormTest {

  private static final Duration SOON = Duration.ofMinutes(1);
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir Path directory;
  private TestingParts testing;
  private HttpApi http;

  @BeforeEach
  void open() {
    testing = new TestingParts(directory);
    http = new HttpApi(HttpConfig.open("127.0.0.1", 0), testing.parts);
    http.start();
  }

  @AfterEach
  void close() {
    http.close();
    testing.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/adapters/%zz",
        "/v1/adapters/%",
        "/v1/adapters/%a",
        "/health/live?x=%zz",
        "/health/live?%=1",
        "/v1/stream?feeds=%zz",
        "/%zz",
        "/v1/classify%"
      })
  void aMalformedEscapeIsAProblemOf400(String target) throws Exception {
    assertThat(raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ")
        .contains(Problem.TYPE, "bad-request");
    assertThat(raw("GET /v2/models/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ")
        .contains("{\"error\":");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/adapters/%c0%af HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/adapters/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET //../..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://localhost/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "nonsense\r\n\r\n",
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "GET /v1/stream?feeds=training&last=99999999999999999999 HTTP/1.1\r\nHost: localhost\r\n\r\n"
      })
  void aStrangeRequestIsAProblemOf4xx(String request) throws Exception {
    assertThat(raw(request)).matches("(?s)HTTP/1\\.[01] 4.*").contains("\"detail\":");
  }

  @Test
  void aHeadThatIsTooLongIsAProblem() throws Exception {
    assertThat(raw("GET /" + "a".repeat(10_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains(" 414 ")
        .contains("uri-too-long");
    assertThat(raw("GET / HTTP/1.1\r\nHost: localhost\r\n" + "A: b\r\n".repeat(5_000) + "\r\n"))
        .contains(" 431 ")
        .contains("head-too-large");
  }

  @Test
  void headIsAnsweredWhereverGetIs() throws Exception {
    JsonNode index = EventJson.mapper().readTree(send(request("/")).body());
    for (JsonNode endpoint : index.get("endpoints")) {
      String[] named = endpoint.asText().split(" ", 2);
      if (!named[0].equals("GET")) {
        continue;
      }
      String path =
          named[1]
              .replace("{name}", "default")
              .replace("{adapter}", "default")
              .replace("{version}", "1")
              .replace("{file}", "main.js");
      HttpResponse<String> head = send(request(path).method("HEAD", BodyPublishers.noBody()));
      assertThat(head.body()).as(path).isEmpty();
      if (!path.startsWith("/v1/stream")) {
        HttpResponse<String> get = send(request(path));
        assertThat(head.statusCode()).as(path).isEqualTo(get.statusCode());
        assertThat(head.headers().firstValue("Content-Type"))
            .as(path)
            .isEqualTo(get.headers().firstValue("Content-Type"));
      } else if (!path.equals("/v1/stream")) {
        assertThat(head.statusCode()).as(path).isEqualTo(200);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /v1/classify,             POST",
    "GET,    /v1/classify,             POST",
    "PUT,    /v2/models/default/infer, POST",
    "POST,   /v1/adapters,             'GET, HEAD'",
    "PATCH,  /health/live,             'GET, HEAD'"
  })
  void aMethodThatIsNotOfferedIsToldWhichAre(String method, String path, String allowed)
      throws Exception {
    HttpResponse<String> response = send(request(path).method(method, BodyPublishers.noBody()));
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("Allow")).hasValue(allowed);
  }

  @Test
  void aCompressedBodyIsRefusedAsSuch() throws Exception {
    HttpResponse<String> response =
        send(
            request("/v1/classify")
                .header("Content-Encoding", "gzip")
                .POST(BodyPublishers.ofByteArray(new byte[] {31, -117, 8})));
    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(response.headers().firstValue("Accept-Encoding")).hasValue("identity");
    assertThat(response.body()).contains("unsupported-encoding");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/classify                | {\"text\":\"a\",\"topK\":1.0}             | 200 |",
        "/v1/classify                | {\"text\":\"a\",\"topK\":1.5}             | 422 | bad-top-k",
        "/v1/classify                | {\"text\":\"a\",\"topK\":1e400}           | 422 | bad-top-k",
        "/v1/classify                | {\"text\":\"a\"} {}                       | 400 | malformed-json",
        "/v1/adapters/default/promote| {\"version\":1.5}                         | 422 | wrong-type",
        "/v1/adapters/default/canary | {\"version\":1,\"share\":0.5,\"off\":true} | 422 | ambiguous-body",
        "/v1/adapters/default/canary | {\"version\":1,\"share\":0.5,\"off\":false}| 422 | wrong-type",
        "/v1/adapters/default/shadow | {\"version\":1,\"off\":true}              | 422 | ambiguous-body",
      })
  void bodiesAreReadAsTheirSchemaSays(String path, String body, int status, String code)
      throws Exception {
    HttpResponse<String> response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    if (code != null) {
      assertThat(response.body()).contains("\"" + code + "\"");
    }
  }

  @Test
  void theProtocolTakesWhatItsClientsSend() throws Exception {
    String infer = "/v2/models/default/infer";
    String input =
        "\"inputs\":[{\"name\":\"text\",\"shape\":[1.0],\"datatype\":\"BYTES\",\"data\":[\"0 a\"]}]";
    HttpResponse<String> answered = post(infer, "{\"id\":null," + input + "}");
    assertThat(answered.statusCode()).as(answered.body()).isEqualTo(200);
    assertThat(EventJson.mapper().readTree(answered.body()).has("id")).isFalse();
    assertThat(post(infer, "{" + input + ",\"outputs\":null}").statusCode()).isEqualTo(200);

    HttpResponse<String> classes =
        post(
            infer,
            "{"
                + input
                + ",\"outputs\":[{\"name\":\"label\",\"parameters\":{\"classification\":2}}]}");
    assertThat(classes.statusCode()).isEqualTo(400);
    assertThat(classes.body()).contains("not offered");

    HttpResponse<String> binary =
        send(
            request(infer)
                .header("Content-Type", "application/octet-stream")
                .header("Inference-Header-Content-Length", "10")
                .POST(BodyPublishers.ofString("{}")));
    assertThat(binary.statusCode()).isEqualTo(400);
    assertThat(binary.body()).contains("binary_data=False");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"texts\":[%s]}",
        "{\"reviews\":[%s]}",
        "{\"topK\":1,\"texts\":[\"a\",%s]}",
      })
  void theTextThatIsOneTooManyEndsTheParsing(String body) throws Exception {
    // What follows is no JSON: whoever reads on says so.
    String many = "{},".repeat(BoundedParser.MOST_TEXTS + 1) + "}}}";
    HttpResponse<String> response = post("/v1/classify", body.formatted(many));
    assertThat(response.statusCode()).isEqualTo(422);
    assertThat(response.body()).contains("too-many-texts");
    HttpResponse<String> infer =
        post(
            "/v2/models/default/infer",
            "{\"inputs\":[{\"name\":\"text\",\"data\":[" + many + "]}]}");
    assertThat(infer.statusCode()).isEqualTo(400);
    assertThat(infer.body()).contains("texts");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/classify", "/v1/feedback", "/v2/models/default/infer"})
  void wideAndDeepBodiesEndTheParsing(String path) throws Exception {
    String wide = "{\"x\":[" + "1,".repeat(BoundedParser.MOST_TOKENS) + "}}}";
    assertThat(post(path, wide).body()).contains("JSON tokens");
    assertThat(post(path, "[".repeat(100_000)).statusCode()).isEqualTo(400);
    assertThat(post(path, "{\"stars\":" + "9".repeat(100_000) + "}").statusCode())
        .isBetween(400, 422);
  }

  /** Nobody scores texts whose client has gone. */
  @Test
  void closedConnectionsTakeTheirTextsOutOfTheQueue() throws Exception {
    close();
    testing = new TestingParts(directory, 12_000);
    http = new HttpApi(HttpConfig.open("127.0.0.1", 0), testing.parts);
    http.start();
    CountDownLatch stuck = new CountDownLatch(1);
    testing.opener.onRun(tokens -> awaitUninterruptibly(stuck));
    String body = "{\"texts\":[" + "\"1 fine\",".repeat(999) + "\"1 fine\"]}";
    List<Socket> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), http.port());
        clients.add(client);
        client
            .getOutputStream()
            .write(
                ("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body)
                    .getBytes(US_ASCII));
      }
      await().atMost(SOON).until(() -> waiting() > 9_000);
      for (Socket client : clients) {
        client.close();
      }
      await().atMost(SOON).until(() -> waiting() == 0); // The scorers are stuck all the while.
    } finally {
      stuck.countDown();
      for (Socket client : clients) {
        client.close();
      }
    }
    assertThat(post("/v1/classify", "{\"text\":\"1 fine\"}").statusCode()).isEqualTo(200);
  }

  private double waiting() {
    return testing
        .metrics
        .registry()
        .get("weir.inference.queue.depth")
        .tag("path", "http")
        .gauge()
        .value();
  }

  @Test
  void aListenersAbsurdPlaceIsAsNone() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
      socket
          .getOutputStream()
          .write(
              ("GET /v1/stream/training HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
                      + "0:99999999999999999999,".repeat(200)
                      + "\r\n\r\n")
                  .getBytes(US_ASCII));
      assertThat(new String(socket.getInputStream().readNBytes(15), UTF_8))
          .isEqualTo("HTTP/1.1 200 OK");
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Sends bytes as they are, with {@code Connection: close}, and reads to the end. */
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
      socket.setSoTimeout(60_000);
      String closing =
          request.replaceFirst("\r\nHost: localhost", "\r\nHost: localhost\r\nConnection: close");
      socket.getOutputStream().write(closing.getBytes(US_ASCII));
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path))
        .version(HttpClient.Version.HTTP_1_1);
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return send(request(path.strip()).POST(BodyPublishers.ofString(body)));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }
}
