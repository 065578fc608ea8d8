package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.trainer.serving.Checkpoint;
import java.util.Random;
import java.util.stream.IntStream;
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
        LinearProbe.fit(
            new float[][] {{1}, {-1}, {1}, {-1}},
            new int[] {1, 0, 1, 0},
            2,
            strength(l2),
            Checkpoint.NONE);

    assertThat((double) head.weight()[1]).isCloseTo(low, within(1e-3));
    assertThat((double) head.weight()[0]).isCloseTo(-low, within(1e-3));
    assertThat((double) head.bias()[0]).isCloseTo(0, within(1e-3));
  }

  @Test
  void readsRawVectorsAlthoughItIsFittedToScaledOnes() {
    float[][] shifted = {{101, 5}, {99, 5}, {102, 5}, {98, 5}};
    LinearProbe.Head head =
        LinearProbe.fit(shifted, new int[] {1, 0, 1, 0}, 2, strength(0.01), Checkpoint.NONE);

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
    assertThat(LinearProbe.fit(noise, labels, 2, 7L).strength().l2()).isGreaterThanOrEqualTo(1);
  }

  /** A label moves the first three features, which vary most, and none of the others. */
  private static float[] text(Random random, int label) {
    float[] row = new float[100];
    for (int j = 0; j < row.length; j++) {
      row[j] =
          (float)
              (j < 3
                  ? 2 * random.nextGaussian() + (label == 0 ? -2 : 2)
                  : 0.5 * random.nextGaussian());
    }
    return row;
  }

  private static float[][] texts(Random random, int[] labels) {
    float[][] rows = new float[labels.length][];
    for (int row = 0; row < rows.length; row++) {
      rows[row] = text(random, labels[row]);
    }
    return rows;
  }

  private static int[] alternating(int rows) {
    return IntStream.range(0, rows).map(row -> row % 2).toArray();
  }

  @Test
  void fewLabelsAreReadAlongTheDirectionsInWhichTextsDiffer() {
    int[] labels = alternating(20);
    int[] unseen = alternating(200);
    int right = 0;
    int rightWithEqualFeatures = 0;
    for (int draw = 0; draw < 20; draw++) {
      Random random = new Random(draw);
      float[][] rows = texts(random, labels);
      float[][] others = texts(random, unseen);
      right += right(LinearProbe.fit(rows, labels, 2, 7L), others, unseen);

      float[] deviations = deviations(rows);
      rightWithEqualFeatures +=
          right(
              LinearProbe.fit(divided(rows, deviations), labels, 2, 7L),
              divided(others, deviations),
              unseen);
    }
    assertThat(right).isGreaterThan(rightWithEqualFeatures + 100);
  }

  @Test
  void itsProbabilitiesFitTextsThatItHasNotSeen() {
    int[] labels = alternating(100);
    int[] unseen = alternating(1000);
    Random random = new Random(5);
    LinearProbe.Head head = LinearProbe.fit(texts(random, labels), labels, 2, 7L);
    float[][] others = texts(random, unseen);
    float[][] logits = new float[others.length][];
    for (int row = 0; row < others.length; row++) {
      logits[row] = scores(head, others[row], 2);
    }
    double[][] wanted = BestTemperature.certain(unseen, 2);

    double asItIs = BestTemperature.of(logits, wanted, 1, 1).logLoss();
    double modest = 1 / head.strength().sharpness();

    assertThat(asItIs)
        .isLessThan(0.9 * BestTemperature.of(logits, wanted, modest, modest).logLoss());
  }

  @Test
  void aHandfulOfSeparableRowsMakesItNotBoundlesslySure() {
    float[][] rows = {{1, 0}, {-1, 0}, {1.1f, 0}, {-1.1f, 0}, {0.9f, 0}, {-0.9f, 0}};
    LinearProbe.Head head = LinearProbe.fit(rows, alternating(6), 2, 7L);

    float[] scores = scores(head, rows[0], 2);

    // Platt's targets for three rows of each label are 4/5: a logit of ln 4 apart.
    assertThat((double) (scores[0] - scores[1])).isBetween(0.7, 3.0);
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

  private static LinearProbe.Strength strength(double l2) {
    return new LinearProbe.Strength(l2, 1);
  }

  private static float[] deviations(float[][] rows) {
    float[] deviations = new float[rows[0].length];
    for (int j = 0; j < deviations.length; j++) {
      double sum = 0;
      double squares = 0;
      for (float[] row : rows) {
        sum += row[j];
        squares += row[j] * row[j];
      }
      deviations[j] = (float) Math.sqrt(squares / rows.length - Math.pow(sum / rows.length, 2));
    }
    return deviations;
  }

  private static float[][] divided(float[][] rows, float[] by) {
    float[][] divided = new float[rows.length][by.length];
    for (int row = 0; row < rows.length; row++) {
      for (int j = 0; j < by.length; j++) {
        divided[row][j] = rows[row][j] / by[j];
      }
    }
    return divided;
  }

  private static int right(LinearProbe.Head head, float[][] rows, int[] labels) {
    int right = 0;
    for (int row = 0; row < rows.length; row++) {
      right += answer(head, rows[row], 2) == labels[row] ? 1 : 0;
    }
    return right;
  }

  private static float[] scores(LinearProbe.Head head, float[] row, int classes) {
    float[] scores = head.bias().clone();
    for (int c = 0; c < classes; c++) {
      for (int j = 0; j < row.length; j++) {
        scores[c] += head.weight()[c * row.length + j] * row[j];
      }
    }
    return scores;
  }

  private static int answer(LinearProbe.Head head, float[] row, int classes) {
    float[] scores = scores(head, row, classes);
    int best = 0;
    for (int c = 1; c < classes; c++) {
      best = scores[c] > scores[best] ? c : best;
    }
    return best;
  }
}
