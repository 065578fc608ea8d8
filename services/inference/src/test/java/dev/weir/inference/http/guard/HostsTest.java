package dev.weir.inference.http.guard;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.KeyRing;
import dev.weir.inference.access.Scope;
import dev.weir.inference.http.HttpApi;
import dev.weir.inference.http.TestingParts;
import dev.weir.inference.http.web.HttpConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A page whose name was made to mean this machine (DNS rebinding) gets nothing. */
class HostsTest {

  /** Reads, changes, event streams, documents, monitoring: whatever is served. */
  private static final List<String> REQUESTS =
      List.of(
          "GET /v1/adapters",
          "HEAD /v1/adapters",
          "POST /v1/classify",
          "POST /v1/feedback",
          "POST /v1/adapters/default/rollback",
          "GET /v1/stream?feeds=reviews&last=3",
          "GET /v1/stream/classifications",
          "OPTIONS /v1/classify",
          "GET /v2/models/default",
          "GET /metrics",
          "GET /health/ready",
          "GET /openapi.yaml",
          "GET /console/nothing.js",
          "GET /",
          "GET /nothing");

  @TempDir Path directory;
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

  @Test
  void aNameThatOthersMayOwnIsRefusedOnEveryPath() throws Exception {
    start("127.0.0.1", Set.of());
    for (String request : REQUESTS) {
      assertThat(
              status(
                  request,
                  "Host: attacker.example:" + http.port(),
                  "Origin: http://attacker.example:" + http.port()))
          .as(request)
          .isEqualTo(421);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "attacker.example",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "xlocalhost",
        "192.0.2.1",
        "[2001:db8::1]",
        "0.0.0.0",
        "weir.example.org.attacker.example"
      })
  void hostsThatAreNotOursAreRefusedWithTheRemedy(String host) throws Exception {
    start("127.0.0.1", Set.of("weir.example.org"));
    String answer = ask("GET /v1/adapters", "Host: " + host);
    assertThat(answer).startsWith("HTTP/1.1 421").contains("host-not-served", "WEIR_HTTP_HOSTS");
    assertThat(status("GET http://" + host + "/v1/adapters", "Host: localhost")).isEqualTo(421);
    assertThat(status("GET http://localhost@" + host + "/v1/adapters", "Host: localhost"))
        .isEqualTo(421);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "LocalHost:9",
        "localhost.",
        "127.0.0.1",
        "127.9.8.7:80",
        "[::1]:8080",
        "[0:0:0:0:0:0:0:1]",
        "weir.example.org",
        "Weir.Example.ORG:443",
        "192.0.2.7"
      })
  void ownHostsAreServedWhateverThePort(String host) throws Exception {
    start("127.0.0.1", Set.of("weir.example.org", "192.0.2.7"));
    assertThat(status("GET /v1/adapters", "Host: " + host)).isEqualTo(200);
  }

  @Test
  void aServerOnAllAddressesWithoutKeysIsKnownByTheAddressThatWasConnectedTo() throws Exception {
    start("0.0.0.0", Set.of());
    assertThat(status("GET /v1/adapters", "Host: 127.0.0.1")).isEqualTo(200);
    assertThat(status("GET /v1/adapters", "Host: 192.0.2.1")).isEqualTo(421);
    assertThat(status("GET /v1/adapters", "Host: attacker.example")).isEqualTo(421);
  }

  @Test
  void keysGuardAServerOfOtherMachinesWhateverItIsCalled() throws Exception {
    Path file = directory.resolve("keys");
    Files.writeString(file, ApiKey.of("k", Set.of(Scope.ADMIN), "k").line());
    start(config("0.0.0.0", Optional.of(new KeyRing(file)), Set.of()));
    assertThat(status("GET /v1/adapters", "Host: weir.example.org", "Authorization: Bearer k"))
        .isEqualTo(200);
    assertThat(status("GET /v1/adapters", "Host: weir.example.org")).isEqualTo(401);
    http.close();

    start(config("127.0.0.1", Optional.of(new KeyRing(file)), Set.of()));
    assertThat(status("GET /v1/adapters", "Host: weir.example.org", "Authorization: Bearer k"))
        .isEqualTo(421);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Host: localhost\r\nHost: localhost",
        "Host:",
        "Host: a b",
        "Host: localhost:x"
      })
  void aRequestNamesItsHostOnceAndWellFormed(String headers) throws Exception {
    start("127.0.0.1", Set.of());
    assertThat(status("GET /v1/adapters", headers)).isEqualTo(400);
  }

  private void start(String host, Set<String> hosts) {
    start(config(host, Optional.empty(), hosts));
  }

  private void start(HttpConfig config) {
    http = new HttpApi(config, testing.parts);
    http.start();
  }

  private static HttpConfig config(String host, Optional<KeyRing> keys, Set<String> hosts) {
    return new HttpConfig(
        host, 0, Optional.empty(), keys, 0, 1, 64, Duration.ofSeconds(60), Set.of(), hosts);
  }

  private int status(String request, String... headers) throws IOException {
    return Integer.parseInt(ask(request, headers).substring(9, 12));
  }

  private String ask(String request, String... headers) throws IOException {
    String lines = String.join("\r\n", headers);
    String head =
        request
            + " HTTP/1.1\r\n"
            + (lines.isEmpty() ? "" : lines + "\r\n")
            + "Connection: close\r\nContent-Length: 0\r\n\r\n";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(head.getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }
  }
}
