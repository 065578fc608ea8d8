package dev.weir.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.Method;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.process.CommonSettings;
import dev.weir.testing.TestingSigner;
import dev.weir.trainer.fit.TrainingOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerConfigTest {

  @Test
  void defaultsAreUsable() {
    TrainerConfig config = config(Map.of());

    assertThat(config.methods()).containsExactly(Method.HEAD_REFRESH, Method.LORA);
    assertThat(config.threads()).isPositive();
    assertThat(config.precisions()).containsExactly(Precision.FP32, Precision.INT8);
    assertThat(config.frozenRows()).isEqualTo(200);
    assertThat(config.options().written()).isEqualTo(TrainingOptions.defaults().written());
    assertThat(config.options().lora(12).targets())
        .containsExactlyInAnyOrder(LinearModule.values());
    assertThat(config.options().written())
        .doesNotContainKey("WEIR_TRAIN_SEED")
        .hasSize(TrainingOptions.settings().size() - 1);
  }

  @Test
  void allProblemsAreNamedAtOnce() {
    assertThatThrownBy(
            () ->
                config(
                    Map.of(
                        "WEIR_TRAIN_METHODS", "head-refresh,magic",
                        "WEIR_TRAIN_TARGETS", "query,brain",
                        "WEIR_TRAIN_RANK", "0",
                        "WEIR_TRAIN_PRECISIONS", "int8",
                        "WEIR_TRAIN_SEED", "seven")))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(5)
                    .anyMatch(problem -> problem.contains("without fp32"))
                    .anyMatch(problem -> problem.contains("magic"))
                    .anyMatch(problem -> problem.contains("brain"))
                    .anyMatch(problem -> problem.startsWith("WEIR_TRAIN_RANK"))
                    .anyMatch(problem -> problem.startsWith("WEIR_TRAIN_SEED")));
  }

  @Test
  void aTrainerThatWouldNotBelieveItselfIsRefused(@TempDir Path directory) {
    TestingSigner ours = TestingSigner.make(directory, "ours");
    TestingSigner foreign = TestingSigner.make(directory, "foreign");
    String key = ours.privateKey().toString();

    assertThat(config(Map.of("WEIR_SIGNING_KEY", key)).signer()).isPresent();
    assertThat(
            config(
                    Map.of(
                        "WEIR_SIGNING_KEY", key, "WEIR_TRUSTED_KEYS", ours.publicKey().toString()))
                .trust()
                .required())
        .isTrue();
    assertThatThrownBy(() -> config(Map.of("WEIR_TRUSTED_KEYS", ours.publicKey().toString())))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("WEIR_SIGNING_KEY is missing while WEIR_TRUSTED_KEYS is set");
    assertThatThrownBy(
            () ->
                config(
                    Map.of(
                        "WEIR_SIGNING_KEY",
                        key,
                        "WEIR_TRUSTED_KEYS",
                        foreign.publicKey().toString())))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("is not among WEIR_TRUSTED_KEYS");
  }

  private static TrainerConfig config(Map<String, String> variables) {
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(TrainerConfig.settings());
    return TrainerConfig.from(Settings.read(declared, variables));
  }
}
