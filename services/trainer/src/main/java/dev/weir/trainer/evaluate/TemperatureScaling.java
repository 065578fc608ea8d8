package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision.Calibration;
import java.util.List;

/**
 * Temperature scaling (Guo et al., ICML 2017): the one number that logits are divided by so that
 * probabilities mean what they say. It never changes which label comes out on top.
 *
 * <p>Fitted by maximum likelihood with a prior that holds it at 1 as firmly as about ten rows
 * would: without one a holdout that is all right would ask for certainty. Fewer than {@link
 * #MIN_ROWS} rows say nothing, and it is 1. Stateless.
 */
final class TemperatureScaling {

  /** With fewer rows chance moves the temperature by more than 30 %. */
  static final int MIN_ROWS = 30;

  static final double LEAST = 0.25;
  static final double MOST = 10;

  /** What ten rows of a typical head know of the logarithm of the temperature. */
  private static final double PRIOR = 4;

  private static final int FOLDS = 5;
  private static final int HALVINGS = 60;

  /** Finer would be noise; this many decimals keep manifests short and their digests stable. */
  private static final double DECIMALS = 1e4;

  private final float[][] logits;
  private final List<String> names;
  private final List<String> wanted;
  private final int[] labels;

  /**
   * Scaling by some rows.
   *
   * @param logits {@code [rows][names]}
   * @param names the adapter's labels
   * @param wanted each row's label; rows of labels that the adapter does not know are left out of
   *     the fit
   */
  TemperatureScaling(float[][] logits, List<String> names, List<String> wanted) {
    this.logits = logits;
    this.names = names;
    this.wanted = wanted;
    this.labels = wanted.stream().mapToInt(names::indexOf).toArray();
  }

  /** The temperature of all rows. */
  double fit() {
    return fitted() == 0 ? 1 : fitWithout(-1);
  }

  /** What a temperature does on these rows, cross-fitted when it is the one of these rows. */
  Calibration figures(double temperature) {
    Scores before = Scores.of(logits, names, wanted);
    Scores after;
    if (fitted() > 0) {
      double[] folds = new double[FOLDS];
      for (int fold = 0; fold < FOLDS; fold++) {
        folds[fold] = fitWithout(fold);
      }
      after = Scores.of(logits, names, wanted, row -> folds[row % FOLDS]);
    } else {
      after = scores(temperature);
    }
    return new Calibration(
        fitted(),
        temperature,
        before.logLoss(),
        after.logLoss(),
        before.calibrationError(),
        after.calibrationError());
  }

  /** All rows at one temperature. */
  Scores scores(double temperature) {
    return Scores.of(logits, names, wanted, row -> temperature);
  }

  private int fitted() {
    int known = 0;
    for (int label : labels) {
      known += label < 0 ? 0 : 1;
    }
    return known < MIN_ROWS ? 0 : known;
  }

  /**
   * The penalised loss is convex in the inverse temperature, so its slope has one zero, which
   * halving finds.
   */
  private double fitWithout(int fold) {
    double low = 1 / MOST;
    double high = 1 / LEAST;
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (low + high) / 2;
      if (slope(middle, fold) < 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double temperature = Math.round(2 / (low + high) * DECIMALS) / DECIMALS;
    return Math.min(MOST, Math.max(LEAST, temperature));
  }

  /** The derivative of the loss's sum and of {@code PRIOR * (inverse - ln(inverse))}. */
  private double slope(double inverse, int withoutFold) {
    double slope = PRIOR * (1 - 1 / inverse);
    for (int row = 0; row < labels.length; row++) {
      if (labels[row] >= 0 && row % FOLDS != withoutFold) {
        slope += expected(logits[row], inverse) - logits[row][labels[row]];
      }
    }
    return slope;
  }

  /** The mean logit under the row's own probabilities. */
  private static double expected(float[] row, double inverse) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : row) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    double weighted = 0;
    for (float logit : row) {
      double power = Math.exp((logit - max) * inverse);
      sum += power;
      weighted += power * logit;
    }
    return weighted / sum;
  }
}
