package dev.weir.service.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

  private static final Setting<Integer> SIZE =
      Setting.integer("WEIR_BATCH_SIZE", 64, 1, 1000, "examples per batch");
  private static final Setting<Duration> AGE =
      Setting.duration(
          "WEIR_BATCH_AGE", "5m", Duration.ofSeconds(1), Duration.ofDays(1), "age of a batch");
  private static final Setting<Boolean> FLAG = Setting.flag("WEIR_FLAG", false, "a switch");
  private static final Setting<String> TOKEN = Setting.text("WEIR_TOKEN", "", "a secret").masked();
  private static final List<Setting<?>> ALL = List.of(SIZE, AGE, FLAG, TOKEN);

  @Test
  void defaultsHoldAndForeignVariablesAreIgnored() {
    Settings settings = Settings.read(ALL, Map.of("PATH", "/bin"));
    assertThat(settings.get(SIZE)).isEqualTo(64);
    assertThat(settings.get(AGE)).isEqualTo(Duration.ofMinutes(5));
    assertThat(settings.get(FLAG)).isFalse();
  }

  @Test
  void allProblemsAreReportedAtOnceEachNamingItsVariable() {
    assertThatThrownBy(
            () ->
                Settings.read(
                    ALL,
                    Map.of(
                        "WEIR_BATCH_SIZE", "0",
                        "WEIR_BATCH_AGE", "soon",
                        "WEIR_FLAG", "perhaps",
                        "WEIR_BACH_SIZE", "3")))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(4)
                    .anyMatch(p -> p.contains("WEIR_BATCH_SIZE is 0, accepted are 1 … 1000"))
                    .anyMatch(p -> p.contains("WEIR_BATCH_AGE is 'soon'"))
                    .anyMatch(p -> p.contains("WEIR_FLAG is 'perhaps'"))
                    .anyMatch(
                        p ->
                            p.contains(
                                "WEIR_BACH_SIZE is not a setting; did you mean WEIR_BATCH_SIZE?")));
  }

  @Test
  void secretsAreMaskedInTheEffectiveTable() {
    Settings settings = Settings.read(ALL, Map.of("WEIR_TOKEN", "hunter2"));
    assertThat(settings.effective()).containsEntry("WEIR_TOKEN", "****");
    assertThat(settings.get(TOKEN)).isEqualTo("hunter2");
  }

  @Test
  void tableShowsNameDefaultRangeAndDescription() {
    assertThat(SettingsTable.markdown(ALL))
        .contains("| `WEIR_BATCH_SIZE` | `64` | 1 … 1000 | examples per batch |")
        .contains("| `WEIR_BATCH_AGE` | `5m` | 1s … 1d | age of a batch |");
  }
}
