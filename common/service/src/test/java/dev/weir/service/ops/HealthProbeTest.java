package dev.weir.service.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.service.security.TlsIdentity;
import dev.weir.testing.TestingCertificate;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthProbeTest {

  @TempDir Path directory;
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

  /** One health check and one set of settings: the address in the image says http. */
  @Test
  void speaksHttpsWhereTheServiceDoes() {
    TestingCertificate elsewhere = TestingCertificate.make(directory, "weir.example", "EC");
    Map<String, String> settings =
        Map.of(
            "WEIR_TLS_CERTIFICATE",
            elsewhere.certificate().toString(),
            "WEIR_TLS_KEY",
            elsewhere.key().toString());
    TlsIdentity identity = TlsIdentity.of(elsewhere.certificate(), elsewhere.key());
    try (Metrics metrics = new Metrics();
        OpsServer server =
            new OpsServer("127.0.0.1", 0, Optional.of(identity), new Health(), metrics)) {
      server.start();
      String given = "http://127.0.0.1:%d/health/ready".formatted(server.port());

      assertThat(healthy(HealthProbe.address(given, settings))).isTrue();
      assertThat(healthy(HealthProbe.address(given, Map.of()))).isFalse();
      assertThat(healthy(URI.create(given.replace("http:", "https:")))).isTrue();
    }
    assertThat(HealthProbe.address("http://127.0.0.1:9404/x", Map.of("WEIR_TLS_CERTIFICATE", " ")))
        .hasScheme("http");
  }

  private boolean healthy(URI address) {
    return HealthProbe.healthy(address, new PrintStream(printed, true, StandardCharsets.UTF_8));
  }
}
