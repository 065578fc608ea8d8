package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.release.Decision.PrecisionFigures;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrecisionRuleTest {

  private static final List<String> LABELS = List.of("a", "b");
  private static final List<String> WANTED = Collections.nCopies(200, "a");

  @Test
  void shipsAtNinetyNinePercentAgreementAndHalfAPointOfAccuracy() {
    Scores floats = answering(0);
    assertThat(figures(answering(1), floats))
        .isEqualTo(new PrecisionFigures("int8", 200, 0.995, 0.995, true));
    // Two rows in 200 agree well enough, and cost a whole point.
    assertThat(figures(answering(2), floats))
        .isEqualTo(new PrecisionFigures("int8", 200, 0.99, 0.99, false));
  }

  @Test
  void gainsDoNotMakeUpForDisagreement() {
    assertThat(figures(answering(0), answering(2)).allowed()).isTrue();
    PrecisionFigures better = figures(answering(0), answering(3));
    assertThat(better.accuracy()).isEqualTo(1);
    assertThat(better.agreement()).isEqualTo(0.985);
    assertThat(better.allowed()).isFalse();
  }

  @Test
  void theReferenceShips() {
    assertThat(PrecisionRule.reference(answering(50)))
        .isEqualTo(new PrecisionFigures("fp32", 200, 0.75, 1, true));
  }

  private static PrecisionFigures figures(Scores scores, Scores floats) {
    return PrecisionRule.figures("int8", scores, floats);
  }

  /** Scores with the first rows wrong. */
  private static Scores answering(int wrong) {
    float[][] logits = new float[WANTED.size()][];
    for (int row = 0; row < logits.length; row++) {
      logits[row] = row < wrong ? new float[] {0, 1} : new float[] {1, 0};
    }
    return Scores.of(logits, LABELS, WANTED);
  }
}
