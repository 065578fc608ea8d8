package dev.weir.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import dev.weir.inference.access.ApiKey;
import dev.weir.inference.access.Scope;
import dev.weir.standalone.loop.LocalLoop;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingCertificate;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands that say who serves, against the whole loop in this process. */
class AdapterControlsIT {

  private static final String NOBODY = "http://127.0.0.1:1";

  @TempDir Path directory;
  private StringWriter out;
  private StringWriter err;
  private Map<String, String> shown = Map.of();

  @Test
  void sayWhatHoldsAndWhyTheyAreRefused() throws Exception {
    Path keys = Files.writeString(directory.resolve("keys"), key("boss", Scope.ADMIN));
    TestingCertificate certificate = TestingCertificate.make(directory, "server", "EC");
    Map<String, String> environment =
        Map.of(
            "WEIR_HTTP_PORT",
            "0",
            "WEIR_TLS_CERTIFICATE",
            certificate.certificate().toString(),
            "WEIR_TLS_KEY",
            certificate.key().toString(),
            "WEIR_HTTP_KEYS_FILE",
            keys.toString(),
            "WEIR_BASE_MODEL",
            TestingBaseModel.write(directory.resolve("base"), 1).toString());
    try (LocalLoop loop = new LocalLoop(directory.resolve("data"), 0, environment)) {
      loop.start();
      String url = loop.httpUrl();

      assertThat(adapters(url, "list")).isEqualTo(1);
      assertThat(err.toString()).contains("SSLHandshakeException");
      shown = Map.of("WEIR_TLS_CERTIFICATE", certificate.certificate().toString());
      assertThat(adapters(url, "list")).isEqualTo(1);
      assertThat(err.toString()).contains("401", "WEIR_API_KEY");
      shown = new HashMap<>(shown);
      shown.put("WEIR_API_KEY", "boss");
      assertThat(adapters(url, "threshold", "default", "--abstain-below", "0.7")).isZero();
      assertThat(out.toString()).contains("default: no champion, abstains below 0.7");
      assertThat(adapters(url, "threshold", "default", "--abstain-below", "0.7")).isZero();
      assertThat(out.toString()).contains("it was so already");
      assertThat(adapters(url, "list")).isZero();
      assertThat(out.toString()).contains("default", "abstains below 0.7");
      assertThat(adapters(url, "threshold", "default", "--off", "--json")).isZero();
      assertThat(out.toString()).contains("\"abstainBelow\":0.0");

      Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> run(url, "status") == 0);
      assertThat(out.toString())
          .contains("ready: yes", "curation", "0 of about 50 labels", "what failed last: nothing");
      assertThat(run(url, "status", "--json")).isZero();
      JsonNode status = EventJson.mapper().readTree(out.toString());
      assertThat(status.at("/adapters/0/needed").asInt()).isEqualTo(50);
      assertThat(run(url, "classify", "fine", "--adapter", "nope")).isEqualTo(1);
      assertThat(out.toString()).contains("abstained", "nope");
      assertThat(run(url, "classify", "a", "\u200B", "b")).isEqualTo(1);
      assertThat(err.toString()).contains("text 2");

      assertThat(adapters(url, "promote", "default", "3")).isEqualTo(1);
      assertThat(err.toString()).contains("404", "no version 3").contains("labeled feedback");
      assertThat(adapters(url, "rollback", "default")).isEqualTo(1);
      assertThat(err.toString()).contains("no version of adapter 'default' serves");
      assertThat(adapters(url, "unpin", "nobody")).isEqualTo(1);
      assertThat(err.toString()).contains("there is no adapter 'nobody'");
    }
  }

  @Test
  void areRefusedWithoutWhatTheyNeed() {
    for (String line :
        List.of(
            "promote default",
            "canary default 3",
            "canary default --share 0.1",
            "canary default 3 --share 0.1 --off",
            "shadow default",
            "threshold default")) {
      assertThat(adapters(NOBODY, line.split(" "))).as(line).isEqualTo(2);
      assertThat(err.toString()).as(line).isNotBlank();
    }
  }

  private static String key(String key, Scope scope) {
    return ApiKey.of(key, Set.of(scope), key).line();
  }

  private int adapters(String url, String... arguments) {
    List<String> all = new ArrayList<>(List.of("adapters"));
    all.addAll(List.of(arguments));
    return run(url, all.toArray(String[]::new));
  }

  private int run(String url, String... arguments) {
    out = new StringWriter();
    err = new StringWriter();
    CommandLine line = WeirMain.commandLine(shown);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--url", url));
    return WeirMain.run(line, all.toArray(String[]::new));
  }
}
