package dev.weir.common.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
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

  private static HttpResponse<String> get(OpsServer server, String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path)).build(),
            HttpResponse.BodyHandlers.ofString());
  }
}
