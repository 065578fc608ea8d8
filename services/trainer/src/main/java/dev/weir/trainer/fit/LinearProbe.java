package dev.weir.trainer.fit;

import dev.weir.trainer.serving.Checkpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Multinomial logistic regression with L2 on frozen text vectors: the head refresh, the start of
 * LoRA's head (Kumar et al., "LP-FT", ICLR 2022), and the bar that LoRA must clear.
 *
 * <p>Features are centred and have one scale in common: each one's own would make as much of the
 * directions in which texts hardly differ as of those in which they do. The L2 strength is that of
 * the lowest cross-validated log loss at the temperature that suits it best, since strong L2 finds
 * the better direction of few labels and is only too modest; that temperature is the head's then.
 * All of it is folded into the head, which reads raw vectors. Deterministic in its seed; stateless.
 */
final class LinearProbe {

  /** Candidates for the L2 strength on mean log loss, strongest first: each starts the next. */
  private static final double[] STRENGTHS = {30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001};

  /** Inverse temperatures; strong L2 is much too modest. */
  private static final double LEAST_SHARPNESS = 0.05;

  private static final double MOST_SHARPNESS = 50;

  private static final int FOLDS = 5;
  private static final int MAX_ITERATIONS = 200;
  private static final double TOLERANCE = 1e-4;
  private static final double FOLD_TOLERANCE = 1e-3;

  private LinearProbe() {}

  /**
   * How a head is held back.
   *
   * @param l2 strength on the mean log loss
   * @param sharpness what its logits are multiplied by afterwards
   */
  record Strength(double l2, double sharpness) {}

  /**
   * A linear head.
   *
   * @param weight {@code [labels, hidden]}, row-major
   * @param bias {@code [labels]}
   * @param strength what it was fitted with
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
  record Head(float[] weight, float[] bias, Strength strength) {}

  /**
   * Fits a head, with the strength that cross-validation finds.
   *
   * @param features {@code [rows][hidden]}
   * @param labels the class of each row, below {@code classes}
   */
  static Head fit(float[][] features, int[] labels, int classes, long seed) {
    return fit(features, labels, classes, seed, Checkpoint.NONE);
  }

  /** The same, which reaches a checkpoint at each iteration. */
  static Head fit(float[][] features, int[] labels, int classes, long seed, Checkpoint checkpoint) {
    Scaled all = Scaled.of(features);
    Strength strength = strength(all.rows(), labels, classes, seed, checkpoint);
    return fit(all, labels, classes, strength, checkpoint);
  }

  /** Fits a head with a given strength. */
  static Head fit(
      float[][] features, int[] labels, int classes, Strength strength, Checkpoint checkpoint) {
    return fit(Scaled.of(features), labels, classes, strength, checkpoint);
  }

  private static Lbfgs.Objective watched(Lbfgs.Objective objective, Checkpoint checkpoint) {
    return (x, gradient) -> {
      checkpoint.reached();
      return objective.at(x, gradient);
    };
  }

  private static Head fit(
      Scaled all, int[] labels, int classes, Strength strength, Checkpoint checkpoint) {
    SoftmaxRegression objective = new SoftmaxRegression(all.rows(), labels, classes, strength.l2());
    double[] x =
        Lbfgs.minimize(
            watched(objective, checkpoint),
            new double[objective.parameters()],
            TOLERANCE,
            MAX_ITERATIONS);
    return all.unfold(x, classes, strength);
  }

  /** The strength with the lowest log loss over held-out folds, each at its best temperature. */
  private static Strength strength(
      float[][] rows, int[] labels, int classes, long seed, Checkpoint checkpoint) {
    int folds = Math.min(FOLDS, rows.length / 2);
    if (folds < 2) {
      return new Strength(0.1, 1);
    }
    float[][][] logits = new float[STRENGTHS.length][rows.length][];
    int[] foldOf = folds(labels, classes, folds, seed);
    for (int fold = 0; fold < folds; fold++) {
      int held = fold;
      int[] train = rowsOf(foldOf, each -> each != held);
      int[] test = rowsOf(foldOf, each -> each == held);
      float[][] trainRows = Arrays.stream(train).mapToObj(row -> rows[row]).toArray(float[][]::new);
      float[][] testRows = Arrays.stream(test).mapToObj(row -> rows[row]).toArray(float[][]::new);
      int[] trainLabels = Arrays.stream(train).map(row -> labels[row]).toArray();
      double[] x = new double[classes * (rows[0].length + 1)];
      for (int s = 0; s < STRENGTHS.length; s++) {
        x =
            Lbfgs.minimize(
                watched(
                    new SoftmaxRegression(trainRows, trainLabels, classes, STRENGTHS[s]),
                    checkpoint),
                x,
                FOLD_TOLERANCE,
                MAX_ITERATIONS);
        float[][] answers = SoftmaxRegression.logits(x, testRows, classes);
        for (int i = 0; i < test.length; i++) {
          logits[s][test[i]] = answers[i];
        }
      }
    }
    double[][] wanted = BestTemperature.smoothed(labels, classes);
    Strength best = new Strength(STRENGTHS[0], 1);
    double lowest = Double.POSITIVE_INFINITY;
    for (int s = 0; s < STRENGTHS.length; s++) {
      BestTemperature own = BestTemperature.of(logits[s], wanted, LEAST_SHARPNESS, MOST_SHARPNESS);
      if (own.logLoss() < lowest) {
        lowest = own.logLoss();
        best = new Strength(STRENGTHS[s], own.inverse());
      }
    }
    return best;
  }

  private static int[] rowsOf(int[] foldOf, IntPredicate wanted) {
    return IntStream.range(0, foldOf.length).filter(row -> wanted.test(foldOf[row])).toArray();
  }

  /** Deals the rows of each class in turn to the folds, shuffled. */
  private static int[] folds(int[] labels, int classes, int folds, long seed) {
    Random random = new Random(seed);
    int[] foldOf = new int[labels.length];
    int next = 0;
    for (int c = 0; c < classes; c++) {
      List<Integer> rows = new ArrayList<>();
      for (int row = 0; row < labels.length; row++) {
        if (labels[row] == c) {
          rows.add(row);
        }
      }
      Collections.shuffle(rows, random);
      for (int row : rows) {
        foldOf[row] = next++ % folds;
      }
    }
    return foldOf;
  }

  /**
   * Rows around 0, with a variance of 1 on the average of the features, and how they came about.
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Scaled(float[][] rows, double[] mean, double deviation) {

    static Scaled of(float[][] features) {
      int width = features[0].length;
      double[] mean = new double[width];
      for (float[] row : features) {
        for (int j = 0; j < width; j++) {
          mean[j] += row[j] / (double) features.length;
        }
      }
      double variance = 0;
      for (float[] row : features) {
        for (int j = 0; j < width; j++) {
          variance += (row[j] - mean[j]) * (row[j] - mean[j]) / width / features.length;
        }
      }
      double root = Math.sqrt(variance);
      double deviation = root > 1e-9 ? root : 1; // texts that are all the same say nothing
      float[][] rows = new float[features.length][width];
      for (int row = 0; row < rows.length; row++) {
        for (int j = 0; j < width; j++) {
          rows[row][j] = (float) ((features[row][j] - mean[j]) / deviation);
        }
      }
      return new Scaled(rows, mean, deviation);
    }

    Head unfold(double[] x, int classes, Strength strength) {
      int width = mean.length;
      float[] weight = new float[classes * width];
      float[] bias = new float[classes];
      for (int c = 0; c < classes; c++) {
        double shift = strength.sharpness() * x[c * (width + 1) + width];
        for (int j = 0; j < width; j++) {
          double w = strength.sharpness() * x[c * (width + 1) + j] / deviation;
          weight[c * width + j] = (float) w;
          shift -= w * mean[j];
        }
        bias[c] = (float) shift;
      }
      return new Head(weight, bias, strength);
    }
  }
}
