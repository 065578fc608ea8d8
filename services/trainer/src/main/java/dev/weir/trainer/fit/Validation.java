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

  /** Inverse temperatures. */
  private static final double LEAST = 0.1;

  private static final double MOST = 4;

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
    int classes = labels.length == 0 ? 0 : logits[0].length;
    double[][] wanted = BestTemperature.certain(labels, classes);
    double logLoss = BestTemperature.of(logits, wanted, LEAST, MOST).logLoss();
    return new Validation(labels.length, errors, logLoss);
  }

  /** Whether it is the better one of two of the same rows; no when either is not a number. */
  boolean betterThan(Validation other) {
    return logLoss < other.logLoss;
  }

  @Override
  public String toString() {
    return rows == 0
        ? "without rows"
        : String.format(Locale.ROOT, "%d errors of %d, log loss %.4f", errors, rows, logLoss);
  }
}
