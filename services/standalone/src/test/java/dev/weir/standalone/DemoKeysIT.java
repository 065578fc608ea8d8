package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.Scope;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingCertificate;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The demo on a loop that asks for keys and speaks HTTPS; it ends long before it has learned. */
class DemoKeysIT {

  private static final String KEY = "the-demos-own-key";

  @TempDir Path directory;

  @Test
  void showsItsKeyOverHttpsAndSaysItNowhere() throws IOException {
    TestingCertificate certificate = TestingCertificate.make(directory, "weir.example", "EC");
    Path keys =
        Files.writeString(
            directory.resolve("keys"), ApiKey.of("demo", Set.of(Scope.CLASSIFY), KEY).line());
    Map<String, String> environment = new HashMap<>();
    environment.put("WEIR_HTTP_PORT", "0");
    environment.put("WEIR_HTTP_KEYS_FILE", keys.toString());
    environment.put("WEIR_TLS_CERTIFICATE", certificate.certificate().toString());
    environment.put("WEIR_TLS_KEY", certificate.key().toString());
    environment.put(
        "WEIR_BASE_MODEL", TestingBaseModel.write(directory.resolve("base"), 1).toString());

    String refused = demo(environment);

    assertThat(refused)
        .contains("answered 401", "WEIR_API_KEY")
        .doesNotContain("never-labeled sentences");

    environment.put("WEIR_API_KEY", KEY);
    String shown = demo(environment);

    assertThat(shown)
        .contains("https://localhost:", "never-labeled sentences", "did not end within 1 s")
        .doesNotContain("answered 401", KEY);
  }

  private static String demo(Map<String, String> environment) {
    StringWriter said = new StringWriter();
    CommandLine line = WeirMain.commandLine(environment);
    line.setOut(new PrintWriter(said));
    line.setErr(new PrintWriter(said));
    assertThat(line.execute("demo", "--once", "--timeout", "1")).as("%s", said).isEqualTo(1);
    return said.toString();
  }
}
