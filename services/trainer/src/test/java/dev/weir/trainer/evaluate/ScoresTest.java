package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScoresTest {

  @Test
  void countsWhatIsRight() {
    float[][] logits = {{2, 0}, {0, 2}, {2, 0}, {0, 0.5f}};
    Scores scores = Scores.of(logits, List.of("a", "b"), List.of("a", "b", "b", "b"));

    assertThat(scores.accuracy()).isEqualTo(0.75);
    assertThat(scores.errors()).isEqualTo(1);
    // a: 1 of 2 said, 1 of 1 due: F1 2/3; b: 2 of 2 said, 2 of 3 due: F1 4/5.
    assertThat(scores.macroF1()).isCloseTo((2.0 / 3 + 4.0 / 5) / 2, within(1e-12));
    double sure = Math.log(1 + Math.exp(-2));
    double expected = (2 * sure + (sure + 2) + Math.log(1 + Math.exp(-0.5))) / 4;
    assertThat(scores.logLoss()).isCloseTo(expected, within(1e-6));
  }

  @Test
  void aLabelThatTheAdapterDoesNotKnowIsAnErrorOfBoundedLoss() {
    Scores scores = Scores.of(new float[][] {{1, 0}}, List.of("a", "b"), List.of("c"));

    assertThat(scores.errors()).isEqualTo(1);
    assertThat(scores.logLoss()).isCloseTo(-Math.log(1e-9), within(1e-9));
  }
}
