package dev.weir.common.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HealthProbeTest {

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @Test
  void saysWhatTheServiceSays() {
    AtomicReference<Health.Status> broker =
        new AtomicReference<>(new Health.Status.Down("no broker"));
    Health health = new Health();
    health.register("broker", broker::get);
    URI ready;
    try (Metrics metrics = new Metrics();
        OpsServer server = new OpsServer(0, health, metrics)) {
      server.start();
      ready = URI.create("http://127.0.0.1:" + server.port() + "/health/ready");
      assertThat(healthy(ready)).isFalse();
      assertThat(printed.toString(StandardCharsets.UTF_8)).contains("no broker");
      broker.set(new Health.Status.Up("answers"));
      assertThat(healthy(ready)).isTrue();
    }
    assertThat(healthy(ready)).isFalse();
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("does not answer");
  }

  private boolean healthy(URI address) {
    return HealthProbe.healthy(address, new PrintStream(printed, true, StandardCharsets.UTF_8));
  }
}
