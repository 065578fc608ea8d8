package dev.weir.curation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.service.config.Setting;
import dev.weir.service.config.SettingsException;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings, and what a wrong set-up ends in. */
class CurationSetupTest {

  @Test
  void defaultsAreAsDocumented() {
    CurationConfig config = TestingCuration.config(Path.of("state"));

    assertThat(CurationConfig.settings())
        .extracting(Setting::name)
        .allMatch(name -> name.startsWith("WEIR_CURATION_"));
    assertThat(config.batch().size()).isEqualTo(64);
    assertThat(config.batch().minimum()).isEqualTo(16);
    assertThat(config.batch().age()).isEqualTo(Duration.ofMinutes(5));
    assertThat(config.reviewWait()).isEqualTo(Duration.ofMinutes(10));
    assertThat(config.holdoutShare()).isEqualTo(0.2);
    assertThat(config.storeMemoryBytes()).isEqualTo(64L << 20);
    assertThat(config.applicationId()).isEqualTo("weir-curation");
  }

  @Test
  void listsAllProblemsOfTheSettings() {
    assertThatThrownBy(
            () ->
                TestingCuration.config(
                    Path.of("state"),
                    "CURATION_BATCH_SIZE",
                    "many",
                    "CURATION_CONFLICT",
                    "majority",
                    "CURATION_BATCH_SIZ",
                    "3"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("'many', which is not a whole number")
        .hasMessageContaining("accepted are latest, quarantine")
        .hasMessageContaining("did you mean WEIR_CURATION_BATCH_SIZE?");
  }

  @Test
  void processEndsWithTheCodeForBadSettings() {
    assertThat(
            CurationMain.run(CurationConfig.settings(), Map.of("WEIR_CURATION_HOLDOUT_SHARE", "2")))
        .isEqualTo(2);
  }

  @Test
  void processEndsWithTheCodeForAFaultWhenNoClientCanBeMade() {
    Map<String, String> environment =
        Map.of("WEIR_BOOTSTRAP_SERVERS", "no port", "WEIR_OPS_PORT", "0");

    assertThat(CurationMain.run(CurationConfig.settings(), environment)).isEqualTo(1);
  }

  @Test
  void namesTheStateDirectoryThatCannotBeUsed(@TempDir Path directory) throws IOException {
    Path file = Files.createFile(directory.resolve("state"));
    try (Metrics metrics = new Metrics();
        CurationService service =
            new CurationService(TestingCuration.config(file), metrics, new Health())) {
      assertThatThrownBy(service::start)
          .isInstanceOf(CurationException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("WEIR_CURATION_STATE_DIR");
    }
  }
}
