package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.service.config.SettingsException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CrossEntropyTest {

  private static final int[] LABELS = {0, 2, 1, 2};
  private static final double[][] LOGITS = {
    {1, 0, -1}, {0.5, 0.25, 0}, {0, 2, 1}, {-1, -2, 3},
  };

  /** torch.nn.CrossEntropyLoss(weight, label_smoothing=0) on the same numbers. */
  @Test
  void weighsAsPyTorchDoes() {
    CrossEntropy loss = new CrossEntropy(0, new double[] {1, 2, 0.5});

    assertThat(loss(loss, new int[] {0, 1, 2, 3})).isCloseTo(0.4800, within(1e-4));
  }

  @Test
  void smoothingIsTheMeanOfTheLabelsLossAndThatOfAllClasses() {
    double[] even = {1, 1, 1};
    double sharp = loss(new CrossEntropy(0, even), new int[] {0, 1, 2, 3});
    double all = 0;
    for (int row = 0; row < 4; row++) {
      for (int c = 0; c < 3; c++) {
        all -= logProbability(row, c) / 12;
      }
    }

    double smooth = loss(new CrossEntropy(0.1, even), new int[] {0, 1, 2, 3});

    assertThat(smooth).isCloseTo(0.9 * sharp + 0.1 * all, within(1e-6));
  }

  @Test
  void partsOfABatchAddUpToTheWhole() {
    CrossEntropy loss = new CrossEntropy(0.1, new double[] {1, 2, 0.5});
    double total = loss.weight(LABELS, new int[] {0, 1, 2, 3});

    double parts = sum(loss, new int[] {0, 1, 2}, total) + sum(loss, new int[] {3}, total);

    assertThat(parts).isCloseTo(loss(loss, new int[] {0, 1, 2, 3}), within(1e-6));
  }

  @Test
  void balancedClassesWeighTheSameTogether() {
    double[] weights =
        TrainingOptions.parse(Map.of("WEIR_TRAIN_CLASS_WEIGHTS", "balanced"))
            .classWeights()
            .of(List.of("a", "b", "c"), LABELS);

    assertThat(weights).containsExactly(4 / 3.0, 4 / 3.0, 2 / 3.0);
  }

  @Test
  void givenWeightsGoByLabel() {
    TrainingOptions options =
        TrainingOptions.parse(Map.of("WEIR_TRAIN_CLASS_WEIGHTS", "b=3, a=0.5"));

    assertThat(options.classWeights().of(List.of("a", "b", "c"), LABELS))
        .containsExactly(0.5, 3, 1);
    assertThatThrownBy(() -> TrainingOptions.parse(Map.of("WEIR_TRAIN_CLASS_WEIGHTS", "b=-1")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("WEIR_TRAIN_CLASS_WEIGHTS")
        .hasMessageContaining("b=-1");
  }

  private static double loss(CrossEntropy loss, int[] rows) {
    return sum(loss, rows, loss.weight(LABELS, rows));
  }

  private static double sum(CrossEntropy loss, int[] rows, double total) {
    float[] factors = loss.factors(LABELS, rows, total);
    double sum = 0;
    for (int i = 0; i < rows.length; i++) {
      for (int c = 0; c < 3; c++) {
        sum += factors[i * 3 + c] * logProbability(rows[i], c);
      }
    }
    return sum;
  }

  private static double logProbability(int row, int c) {
    double sum = 0;
    for (double logit : LOGITS[row]) {
      sum += Math.exp(logit);
    }
    return LOGITS[row][c] - Math.log(sum);
  }
}
