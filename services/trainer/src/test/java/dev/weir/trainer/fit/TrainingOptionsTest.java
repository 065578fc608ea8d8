package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.config.SettingsException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingOptionsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|[]",
        "2|[10, 11]",
        "12|[]",
        "500|[]",
        "6-6|[6]",
        "6-11|[6, 7, 8, 9, 10, 11]",
        "0,3, 9-11|[0, 3, 9, 10, 11]",
        "3,0|[0, 3]",
        "0-11|[]"
      })
  void layersAreANumberOfTheUppermostOrIndices(String value, String layers) {
    assertThat(options("WEIR_TRAIN_LAYERS", value).lora(12).layers()).hasToString(layers);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "x", "5-3", "1,", "1-2-3", "0.5", "9999", "1001"})
  void refusesOtherLayers(String value) {
    assertThatThrownBy(() -> options("WEIR_TRAIN_LAYERS", value))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("WEIR_TRAIN_LAYERS")
        .hasMessageContaining("6-11");
  }

  @Test
  void refusesLayersThatTheBaseDoesNotHave() {
    assertThatThrownBy(() -> options("WEIR_TRAIN_LAYERS", "6-12").lora(12))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("layer 12")
        .hasMessageContaining("0 to 11");
  }

  @Test
  void refusesAPatternThatMeansNoAdaptedModule() {
    TrainingOptions foreign =
        TrainingOptions.parse(Map.of("WEIR_TRAIN_RANK_PATTERN", "query=4,q_lin=2"));

    assertThatThrownBy(() -> foreign.lora(12))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("'q_lin'")
        .hasMessageContaining("encoder.layer.0.attention.self.query");
  }

  @Test
  void readsVariantsAndPatternsInOrder() {
    LoraConfig lora =
        TrainingOptions.parse(
                Map.of(
                    "WEIR_TRAIN_RSLORA", "true",
                    "WEIR_TRAIN_DORA", "true",
                    "WEIR_TRAIN_RANK_PATTERN", "layer\\.1{1,2}\\..*=16, query = 4",
                    "WEIR_TRAIN_ALPHA_PATTERN", "value=2.5"))
            .lora(12);
    assertThat(lora.useRslora()).isTrue();
    assertThat(lora.useDora()).isTrue();
    assertThat(lora.rankPattern().keySet()).containsExactly("layer\\.1{1,2}\\..*", "query");
    assertThat(lora.rank(LinearModule.QUERY.path(11))).isEqualTo(16);
    assertThat(lora.rank(LinearModule.QUERY.path(0))).isEqualTo(4);
    assertThat(lora.alpha(LinearModule.VALUE.path(0))).isEqualTo(2.5);
    assertThat(lora.alpha(LinearModule.KEY.path(0))).isEqualTo(32);
    assertThat(TrainingOptions.defaults().lora(12).rankPattern()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "query",
        "query=",
        "=4",
        "query=0",
        "query=257",
        "query=1.5",
        "(=4",
        "query=4,",
        "query=4,query=5",
        "query=4;value=5"
      })
  void refusesOtherPatterns(String value) {
    assertThatThrownBy(() -> options("WEIR_TRAIN_RANK_PATTERN", value))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("WEIR_TRAIN_RANK_PATTERN is '" + value + "'");
  }

  private static TrainingOptions options(String name, String value) {
    return TrainingOptions.parse(Map.of(name, value));
  }
}
