package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LinearProbeTest {

  /**
   * With x = ±1 and the label its sign, the optimum w of either class solves w · (1 + e^2w) = 1/λ:
   * the penalty counts both classes' weights.
   */
  @Test
  void findsTheOptimumOfASolvableCase() {
    double l2 = 0.1;
    double low = 0;
    double high = 10;
    while (high - low > 1e-9) {
      double w = (low + high) / 2;
      if (w * (1 + Math.exp(2 * w)) < 1 / l2) {
        low = w;
      } else {
        high = w;
      }
    }

    LinearProbe.Head head =
        LinearProbe.fit(new float[][] {{1}, {-1}, {1}, {-1}}, new int[] {1, 0, 1, 0}, 2, l2);

    assertThat((double) head.weight()[1]).isCloseTo(low, within(1e-3));
    assertThat((double) head.weight()[0]).isCloseTo(-low, within(1e-3));
    assertThat((double) head.bias()[0]).isCloseTo(0, within(1e-3));
  }

  @Test
  void readsRawVectorsAlthoughItIsFittedToStandardisedOnes() {
    float[][] shifted = {{101, 5}, {99, 5}, {102, 5}, {98, 5}};
    LinearProbe.Head head = LinearProbe.fit(shifted, new int[] {1, 0, 1, 0}, 2, 0.01);

    for (int row = 0; row < shifted.length; row++) {
      assertThat(answer(head, shifted[row], 2)).isEqualTo(row % 2 == 0 ? 1 : 0);
    }
  }

  @Test
  void separatesThreeSeparableClouds() {
    Random random = new Random(1);
    float[][] rows = new float[90][20];
    int[] labels = new int[rows.length];
    for (int row = 0; row < rows.length; row++) {
      labels[row] = row % 3;
      for (int j = 0; j < 20; j++) {
        rows[row][j] = (float) (random.nextGaussian() + (j % 3 == labels[row] ? 3 : 0));
      }
    }

    LinearProbe.Head head = LinearProbe.fit(rows, labels, 3, 7L);

    int right = 0;
    for (int row = 0; row < rows.length; row++) {
      right += answer(head, rows[row], 3) == labels[row] ? 1 : 0;
    }
    assertThat(right).isEqualTo(90);
  }

  @Test
  void choosesStrongRegularisationForNoise() {
    Random random = new Random(2);
    float[][] noise = new float[60][50];
    int[] labels = new int[noise.length];
    for (int row = 0; row < noise.length; row++) {
      labels[row] = row % 2;
      for (int j = 0; j < 50; j++) {
        noise[row][j] = (float) random.nextGaussian();
      }
    }
    assertThat(LinearProbe.fit(noise, labels, 2, 7L).l2()).isGreaterThanOrEqualTo(1);
  }

  @Test
  void fitsTwoThousandRowsInSeconds() {
    Random random = new Random(3);
    float[][] rows = new float[2000][384];
    int[] labels = new int[rows.length];
    for (int row = 0; row < rows.length; row++) {
      labels[row] = row % 2;
      for (int j = 0; j < 384; j++) {
        rows[row][j] = (float) (random.nextGaussian() + (j < 40 ? 0.3 * labels[row] : 0));
      }
    }
    long began = System.nanoTime();

    LinearProbe.fit(rows, labels, 2, 7L);

    assertThat((System.nanoTime() - began) / 1e9)
        .isLessThan(20); // about 1 s; the rest is for busy machines
  }

  private static int answer(LinearProbe.Head head, float[] row, int classes) {
    int best = 0;
    double top = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      double score = head.bias()[c];
      for (int j = 0; j < row.length; j++) {
        score += head.weight()[c * row.length + j] * row[j];
      }
      if (score > top) {
        top = score;
        best = c;
      }
    }
    return best;
  }
}
