package dev.weir.service.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.OpsServer;
import dev.weir.service.process.CommonSettings;
import dev.weir.testing.TestingCertificate;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsIdentityTest {

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void theOpsPortServesHttpsWithTheCertificateThatIsInTheFilesNow(String algorithm)
      throws Exception {
    TestingCertificate first = TestingCertificate.make(directory, "first", algorithm);
    TestingCertificate second = TestingCertificate.make(directory, "second", algorithm);
    TlsIdentity identity = TlsIdentity.of(first.certificate(), first.key());
    try (Metrics metrics = new Metrics();
        OpsServer server =
            new OpsServer("127.0.0.1", 0, Optional.of(identity), new Health(), metrics)) {
      server.start();
      assertThat(shown(server, first, second)).isEqualTo(first.x509());
      assertThat(expiry(metrics)).isEqualTo(first.x509().getNotAfter().toInstant());

      Files.copy(second.certificate(), first.certificate(), StandardCopyOption.REPLACE_EXISTING);
      identity.refresh(); // The key does not belong to it yet: nothing changes.
      assertThat(shown(server, first, second)).isEqualTo(first.x509());

      Files.copy(second.key(), first.key(), StandardCopyOption.REPLACE_EXISTING);
      identity.refresh();
      assertThat(shown(server, first, second)).isEqualTo(second.x509());
      assertThat(expiry(metrics)).isEqualTo(second.x509().getNotAfter().toInstant());
    }
  }

  private static Instant expiry(Metrics metrics) {
    double seconds =
        metrics.registry().get("weir.tls.certificate.expiry.timestamp").gauge().value();
    return Instant.ofEpochSecond((long) seconds);
  }

  private static Certificate shown(OpsServer server, TestingCertificate... trusted)
      throws IOException, InterruptedException {
    HttpResponse<String> response =
        HttpClient.newBuilder()
            .sslContext(TestingCertificate.trusting(trusted))
            .build()
            .send(
                HttpRequest.newBuilder(
                        URI.create("https://127.0.0.1:" + server.port() + "/health/live"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    try {
      return response.sslSession().orElseThrow().getPeerCertificates()[0];
    } catch (SSLPeerUnverifiedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void mistakesAreNamedWithTheirSetting() throws Exception {
    TestingCertificate first = TestingCertificate.make(directory, "first", "EC");
    TestingCertificate second = TestingCertificate.make(directory, "second", "EC");
    Path sec1 = directory.resolve("sec1.pem");
    Files.writeString(sec1, PemFiles.block("EC PRIVATE KEY", new byte[] {1, 2, 3}));

    assertRefused(
        Map.of("WEIR_TLS_CERTIFICATE", first.certificate().toString()),
        "WEIR_TLS_KEY is missing while WEIR_TLS_CERTIFICATE is set");
    assertRefused(
        Map.of("WEIR_TLS_KEY", first.key().toString()), "WEIR_TLS_CERTIFICATE is missing");
    assertRefused(
        Map.of(
            "WEIR_TLS_CERTIFICATE",
            first.certificate().toString(),
            "WEIR_TLS_KEY",
            second.key().toString()),
        "not the key of the first certificate");
    assertRefused(
        Map.of("WEIR_TLS_CERTIFICATE", "nowhere.crt", "WEIR_TLS_KEY", sec1.toString()),
        "nowhere.crt",
        "openssl pkcs8");
    assertRefused(Map.of("WEIR_TLS_CERTIFICATE", first.key().toString()), "is no chain of X.509");
  }

  private static void assertRefused(Map<String, String> environment, String... said) {
    assertThatThrownBy(() -> CommonSettings.tls(Settings.read(CommonSettings.all(), environment)))
        .isInstanceOf(SettingsException.class)
        .hasMessageContainingAll(said);
  }
}
