package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ValidationTest {

  private static final Random RANDOM = new Random(7);

  /** Two labels; the right one leads by {@code margin} give or take {@code noise}. */
  private static float[][] logits(int[] labels, double margin, double noise) {
    float[][] logits = new float[labels.length][2];
    for (int row = 0; row < labels.length; row++) {
      logits[row][labels[row]] = (float) (margin + noise * RANDOM.nextGaussian());
    }
    return logits;
  }

  private static int[] labels() {
    return RANDOM.ints(400, 0, 2).toArray();
  }

  @Test
  void beingTooSureOfItselfIsNoFault() {
    int[] labels = labels();
    float[][] modest = logits(labels, 1, 1);
    float[][] sure = new float[labels.length][];
    for (int row = 0; row < labels.length; row++) {
      sure[row] = new float[] {modest[row][0] * 3, modest[row][1] * 3};
    }
    assertThat(Validation.of(sure, labels).logLoss())
        .isCloseTo(Validation.of(modest, labels).logLoss(), within(1e-4));
  }

  @Test
  void theEpochThatKnowsMoreIsBetter() {
    int[] labels = labels();
    Validation knows = Validation.of(logits(labels, 2, 1), labels);
    Validation guesses = Validation.of(logits(labels, 0.2, 1), labels);
    assertThat(knows.betterThan(guesses)).isTrue();
    assertThat(guesses.betterThan(knows)).isFalse();
  }

  @Test
  void aTieIsAnErrorAndTheEarlierOfTwoEqualEpochsStays() {
    Validation tied = Validation.of(new float[][] {{1, 1}, {2, 0}}, new int[] {0, 0});
    assertThat(tied.errors()).isEqualTo(1);
    assertThat(tied.betterThan(tied)).isFalse();
  }

  @Test
  void anEpochThatIsNotFiniteIsNeverBetter() {
    int[] labels = {0, 1};
    Validation broken = Validation.of(new float[][] {{Float.NaN, 1}, {1, 0}}, labels);
    assertThat(broken.betterThan(Validation.of(new float[][] {{0, 3}, {3, 0}}, labels))).isFalse();
  }
}
