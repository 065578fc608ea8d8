package dev.weir.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraConfigTest {
  private static final Set<LinearModule> ALL = LinearModule.parse("all-linear");
  private static final String PATH = LinearModule.QUERY.path(11);

  /** The second column is what {@code peft.utils.other.get_pattern_key} of PEFT 0.21.2 says. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "query;true",
        "self.query;true",
        "uery;false",
        "layer.1;false",
        "layer.11;false",
        "layer\\.11\\..*;true",
        "layer\\.1\\..*;false",
        "dense;false",
        "q|query;true",
        ".*;true",
        "^encoder.*query;true",
        "^layer.*;false",
        "query$;true",
        "attention;false",
        "(1[01])\\..*;true",
        "ENCODER.*;false"
      })
  void patternsMatchAsPeftDoes(String key, boolean matches) {
    assertThat(patterns(Map.of(key, 3), Map.of()).rank(PATH)).isEqualTo(matches ? 3 : 8);
  }

  @Test
  void theFirstOfSeveralMatchingPatternsHolds() {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    for (String key : List.of("value", ".*attention.*", "query")) {
      ranks.put(key, ranks.size() + 1);
    }
    LoraConfig lora = patterns(ranks, Map.of("query", 5.0));
    assertThat(lora.rank(PATH)).isEqualTo(2);
    assertThat(lora.rank(LinearModule.VALUE.path(0))).isEqualTo(1);
    assertThat(lora.rank(LinearModule.INTERMEDIATE.path(0))).isEqualTo(8);
    assertThat(lora.alpha(PATH)).isEqualTo(5);
    assertThat(lora.scaling(PATH)).isEqualTo(2.5);
    assertThat(lora.maxRank()).isEqualTo(8);
  }

  @Test
  void rankStabilisedScalingDividesByTheRoot() {
    LoraConfig lora =
        new LoraConfig(8, 16, 0, ALL, true, false, Map.of("query", 4), Map.of(), Set.of());
    assertThat(lora.scaling(PATH)).isEqualTo(8);
    assertThat(lora.scaling(LinearModule.KEY.path(0))).isCloseTo(5.656854, within(1e-6));
    assertThat(LoraConfig.NONE.scaling(PATH)).isZero();
  }

  @Test
  void coversAllLayersUnlessSomeAreNamed() {
    LoraConfig some = new LoraConfig(8, 16, 0, ALL, false, false, Map.of(), Map.of(), Set.of(0, 3));
    assertThat(List.of(some.covers(0), some.covers(1), some.covers(3)))
        .containsExactly(true, false, true);
    assertThat(patterns(Map.of(), Map.of()).covers(7)).isTrue();
    assertThat(LoraConfig.NONE.covers(0)).isFalse();
  }

  @Test
  void refusesWhatIsNoPattern() {
    refuses(Map.of("(query", 4), Map.of(), "(query");
    refuses(Map.of("query", 0), Map.of(), "rank of query");
    refuses(Map.of(), Map.of("query", -1.0), "alpha of query");
  }

  private static void refuses(
      Map<String, Integer> ranks, Map<String, Double> alphas, String message) {
    assertThatThrownBy(() -> patterns(ranks, alphas))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(message);
  }

  private static LoraConfig patterns(Map<String, Integer> ranks, Map<String, Double> alphas) {
    return new LoraConfig(8, 16, 0, ALL, false, false, ranks, alphas, Set.of());
  }
}
