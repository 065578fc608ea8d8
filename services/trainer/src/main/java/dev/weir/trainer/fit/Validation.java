package dev.weir.trainer.fit;

import java.util.Locale;

/**
 * How an epoch did on the validation part.
 *
 * <p>Epochs are compared by their log loss at the temperature that suits them best, not by their
 * errors, of which a hundred rows have too few to tell epochs apart; and not by the log loss as it
 * is, since what ships is calibrated: being too sure of itself is no fault of an epoch.
 *
 * @param rows how many rows; 0 for no validation part
 * @param errors rows whose own label did not come out on top
 * @param logLoss natural logarithm, at the best temperature
 */
record Validation(int rows, int errors, double logLoss) {

  private static final double LEAST = 0.25;
  private static final double MOST = 10;
  private static final int HALVINGS = 40;

  /**
   * Judges some rows.
   *
   * @param logits {@code [rows][labels]}
   * @param labels each row's own label
   */
  static Validation of(float[][] logits, int[] labels) {
    int errors = 0;
    for (int row = 0; row < labels.length; row++) {
      float[] answer = logits[row];
      for (int c = 0; c < answer.length; c++) {
        if (c != labels[row] && !(answer[c] < answer[labels[row]])) {
          errors++;
          break;
        }
      }
    }
    return new Validation(labels.length, errors, logLoss(logits, labels));
  }

  /** Whether it is the better one of two of the same rows; no when either is not a number. */
  boolean betterThan(Validation other) {
    return logLoss < other.logLoss;
  }

  /** The loss is convex in the inverse temperature, so its slope has one zero at most. */
  private static double logLoss(float[][] logits, int[] labels) {
    double low = 1 / MOST;
    double high = 1 / LEAST;
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (low + high) / 2;
      if (slope(logits, labels, middle) < 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double loss = 0;
    for (int row = 0; row < labels.length; row++) {
      loss += logSum(logits[row], low) - low * logits[row][labels[row]];
    }
    return labels.length == 0 ? 0 : loss / labels.length;
  }

  private static double slope(float[][] logits, int[] labels, double inverse) {
    double slope = 0;
    for (int row = 0; row < labels.length; row++) {
      float[] answer = logits[row];
      double logSum = logSum(answer, inverse);
      for (float logit : answer) {
        slope += Math.exp(inverse * logit - logSum) * logit;
      }
      slope -= answer[labels[row]];
    }
    return slope;
  }

  private static double logSum(float[] answer, double inverse) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : answer) {
      max = Math.max(max, logit * inverse);
    }
    double sum = 0;
    for (float logit : answer) {
      sum += Math.exp(inverse * logit - max);
    }
    return max + Math.log(sum);
  }

  @Override
  public String toString() {
    return rows == 0
        ? "without rows"
        : String.format(Locale.ROOT, "%d errors of %d, log loss %.4f", errors, rows, logLoss);
  }
}
