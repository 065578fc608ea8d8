package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.weir.contract.release.AdapterId;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTest {

  @Test
  void softmaxIgnoresTheColumnsOfOtherAdapters() {
    assertThat(Probabilities.of(new float[] {1000, 1000, 5000}, 2, 1)).containsExactly(0.5, 0.5);
  }

  @Test
  void softmaxRefusesWhatIsNotFinite() {
    assertThatThrownBy(() -> Probabilities.of(new float[] {0, Float.NaN}, 2, 1))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void marginIsBestMinusSecondBest() {
    assertThat(scored(0.2, 0.7, 0.1).margin()).isEqualTo(0.5, offset(1e-12));
    assertThat(scored(0.2, 0.7, 0.1).label()).isEqualTo("b");
    assertThat(scored(0.5, 0.5, 0.0).margin()).isZero();
    assertThat(scored(0.5, 0.5, 0.0).label()).isEqualTo("a");
  }

  @Test
  void abstainsBelowTheThresholdAndKeepsItsScores() {
    Answer.Scored unsure = scored(0.2, 0.59, 0.21);

    assertThat(unsure.abstention().orElseThrow().code()).isEqualTo("low-confidence");
    assertThat(unsure.abstention().orElseThrow().message()).contains("'b'", "0.5900", "0.6");
    assertThat(unsure.scores()).containsEntry("b", 0.59);
    assertThat(scored(0.2, 0.6, 0.2).abstention()).isEmpty();
  }

  @Test
  void aHigherTemperatureSpreadsProbabilities() {
    assertThat(Probabilities.of(new float[] {0, 2}, 2, 2))
        .isEqualTo(Probabilities.of(new float[] {0, 1}, 2, 1));
    assertThat(Probabilities.of(new float[] {0, 2}, 2, 4).get(1))
        .isBetween(0.5, Probabilities.of(new float[] {0, 2}, 2, 1).get(1));
  }

  private static Answer.Scored scored(Double... probabilities) {
    return new Answer.Scored(
        new AdapterId("default", 1),
        "d",
        List.of("a", "b", "c"),
        List.of(probabilities),
        0.6,
        null);
  }
}
