package dev.weir.service.ops;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.OpsPort;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class LifecycleTest {

  @Test
  void closesInReverseOrderAlsoWhenOneFailsAndOnlyOnce() {
    List<String> closed = new ArrayList<>();
    Lifecycle lifecycle = new Lifecycle();
    lifecycle.add("first", () -> closed.add("first"));
    lifecycle.add(
        "second",
        () -> {
          throw new IllegalStateException("on purpose");
        });
    lifecycle.add("third", () -> closed.add("third"));
    lifecycle.close();
    lifecycle.close();
    assertThat(closed).containsExactly("third", "first");
  }

  @Test
  void servesHealthAndMetricsAndReportsTakenPort() throws Exception {
    Health health = new Health();
    health.register("broker", () -> new Health.Status.Up("connected"));
    try (Metrics metrics = new Metrics();
        OpsServer server = new OpsServer(0, health, metrics)) {
      server.start();
      metrics.registry().counter("weir.test").increment();
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(200);
      assertThat(get(server, "/metrics").body()).contains("weir_test_total 1.0");
      health.register("store", () -> new Health.Status.Down("unreachable"));
      HttpResponse<String> down = get(server, "/health/ready");
      assertThat(down.statusCode()).isEqualTo(503);
      assertThat(down.body()).contains("unreachable");
      assertThat(get(server, "/health/live").statusCode()).isEqualTo(200);
      health.register("streams", () -> new Health.Status.Dead("error"));
      assertThat(get(server, "/health/live").statusCode()).isEqualTo(503);
      OpsServer second = new OpsServer(server.port(), health, metrics);
      Assertions.assertThatThrownBy(second::start)
          .isInstanceOf(PortInUseException.class)
          .hasMessageContaining("WEIR_OPS_PORT");
    }
  }

  @Test
  void theDefaultOpsPortIsForWhoHasItFirstAndANamedOneIsNot() throws Exception {
    Health health = new Health();
    try (Metrics metrics = new Metrics();
        ServerSocket taken = new ServerSocket(0)) {
      Map<String, String> named =
          Map.of(
              "WEIR_OPS_PORT", Integer.toString(taken.getLocalPort()), "WEIR_OPS_HOST", "0.0.0.0");
      Settings settings = Settings.read(CommonSettings.all(), named);
      Assertions.assertThatThrownBy(() -> OpsPort.start(settings, named, health, metrics))
          .isInstanceOf(PortInUseException.class);
      // As if the port were the default.
      try (OpsServer other = OpsPort.start(settings, Map.of(), health, metrics)) {
        assertThat(other.port()).isNotEqualTo(taken.getLocalPort());
        assertThat(get(other, "/health/live").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void clientsThatAreSilentOrSlowKeepNoProbeOut() throws Exception {
    List<Socket> open = new ArrayList<>();
    try (Metrics metrics = new Metrics();
        OpsServer server = new OpsServer(0, new Health(), metrics)) {
      server.start();
      for (int i = 0; i < 500; i++) {
        open.add(new Socket("localhost", server.port()));
      }
      for (Socket slow : open.subList(0, 20)) {
        slow.getOutputStream().write("GET /health/live HTTP/1.1\r\nHost: lo".getBytes(US_ASCII));
        slow.getOutputStream().flush();
      }
      HttpResponse<String> probe =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(
                          URI.create("http://localhost:" + server.port() + "/health/live"))
                      .timeout(Duration.ofSeconds(8)) // Slow requests are given up after 10 s.
                      .build(),
                  HttpResponse.BodyHandlers.ofString());
      assertThat(probe.statusCode()).isEqualTo(200);
    } finally {
      for (Socket each : open) {
        each.close();
      }
    }
  }

  @Test
  void aProcessIsNotReadyBeforeItsPartsAreStarted() {
    Health health = new Health();
    Runnable started = health.starting();
    assertThat(health.ready()).isFalse();
    assertThat(health.live()).isTrue();
    started.run();
    assertThat(health.ready()).isTrue();
  }

  private static HttpResponse<String> get(OpsServer server, String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path)).build(),
            HttpResponse.BodyHandlers.ofString());
  }
}
