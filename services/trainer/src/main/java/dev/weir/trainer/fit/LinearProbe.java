package dev.weir.trainer.fit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Multinomial logistic regression with L2 on frozen text vectors: the head refresh, the start of
 * LoRA's head (Kumar et al., "LP-FT", ICLR 2022), and the bar that LoRA must clear.
 *
 * <p>Features are standardised for the fit and the standardisation is folded into the head, which
 * reads raw vectors. Deterministic in its seed; stateless.
 */
public final class LinearProbe {

  /** Candidates for the L2 strength on mean log loss, strongest first: each starts the next. */
  private static final double[] STRENGTHS = {3, 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001};

  private static final int FOLDS = 5;
  private static final int MAX_ITERATIONS = 200;
  private static final double TOLERANCE = 1e-4;
  private static final double FOLD_TOLERANCE = 1e-3;

  private LinearProbe() {}

  /**
   * A linear head.
   *
   * @param weight {@code [labels, hidden]}, row-major
   * @param bias {@code [labels]}
   * @param l2 the strength it was fitted with
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
  public record Head(float[] weight, float[] bias, double l2) {}

  /**
   * Fits a head, with the L2 strength of the lowest cross-validated log loss.
   *
   * @param features {@code [rows][hidden]}
   * @param labels the class of each row, below {@code classes}
   */
  public static Head fit(float[][] features, int[] labels, int classes, long seed) {
    Standardised all = Standardised.of(features);
    return fit(all, labels, classes, strength(all.rows(), labels, classes, seed));
  }

  /** Fits a head with a given L2 strength. */
  public static Head fit(float[][] features, int[] labels, int classes, double l2) {
    return fit(Standardised.of(features), labels, classes, l2);
  }

  private static Head fit(Standardised all, int[] labels, int classes, double l2) {
    SoftmaxRegression objective = new SoftmaxRegression(all.rows(), labels, classes, l2);
    double[] x =
        Lbfgs.minimize(objective, new double[objective.parameters()], TOLERANCE, MAX_ITERATIONS);
    return all.unfold(x, classes, l2);
  }

  /** The strength with the lowest log loss over held-out folds. */
  private static double strength(float[][] rows, int[] labels, int classes, long seed) {
    int folds = Math.min(FOLDS, rows.length / 2);
    if (folds < 2) {
      return 0.1;
    }
    int[] foldOf = folds(labels, classes, folds, seed);
    double[] losses = new double[STRENGTHS.length];
    for (int fold = 0; fold < folds; fold++) {
      List<float[]> trainRows = new ArrayList<>();
      List<float[]> testRows = new ArrayList<>();
      List<Integer> trainLabels = new ArrayList<>();
      List<Integer> testLabels = new ArrayList<>();
      for (int row = 0; row < rows.length; row++) {
        boolean test = foldOf[row] == fold;
        (test ? testRows : trainRows).add(rows[row]);
        (test ? testLabels : trainLabels).add(labels[row]);
      }
      float[][] test = testRows.toArray(float[][]::new);
      float[][] train = trainRows.toArray(float[][]::new);
      int[] testClasses = testLabels.stream().mapToInt(Integer::intValue).toArray();
      int[] trainClasses = trainLabels.stream().mapToInt(Integer::intValue).toArray();
      double[] x = new double[classes * (rows[0].length + 1)];
      for (int s = 0; s < STRENGTHS.length; s++) {
        x =
            Lbfgs.minimize(
                new SoftmaxRegression(train, trainClasses, classes, STRENGTHS[s]),
                x,
                FOLD_TOLERANCE,
                MAX_ITERATIONS);
        losses[s] += SoftmaxRegression.logLoss(x, test, testClasses, classes) * test.length;
      }
    }
    int best = 0;
    for (int s = 1; s < losses.length; s++) {
      if (losses[s] < losses[best]) {
        best = s;
      }
    }
    return STRENGTHS[best];
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

  /** Rows with mean 0 and variance 1 per feature, and how they came about. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Standardised(float[][] rows, double[] mean, double[] deviation) {

    static Standardised of(float[][] features) {
      int width = features[0].length;
      double[] mean = new double[width];
      double[] deviation = new double[width];
      for (float[] row : features) {
        for (int j = 0; j < width; j++) {
          mean[j] += row[j] / (double) features.length;
        }
      }
      for (float[] row : features) {
        for (int j = 0; j < width; j++) {
          deviation[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / features.length;
        }
      }
      for (int j = 0; j < width; j++) {
        double root = Math.sqrt(deviation[j]);
        deviation[j] = root > 1e-9 ? root : 1; // a constant feature says nothing
      }
      float[][] rows = new float[features.length][width];
      for (int row = 0; row < rows.length; row++) {
        for (int j = 0; j < width; j++) {
          rows[row][j] = (float) ((features[row][j] - mean[j]) / deviation[j]);
        }
      }
      return new Standardised(rows, mean, deviation);
    }

    Head unfold(double[] x, int classes, double l2) {
      int width = mean.length;
      float[] weight = new float[classes * width];
      float[] bias = new float[classes];
      for (int c = 0; c < classes; c++) {
        double shift = x[c * (width + 1) + width];
        for (int j = 0; j < width; j++) {
          double w = x[c * (width + 1) + j] / deviation[j];
          weight[c * width + j] = (float) w;
          shift -= w * mean[j];
        }
        bias[c] = (float) shift;
      }
      return new Head(weight, bias, l2);
    }
  }
}
