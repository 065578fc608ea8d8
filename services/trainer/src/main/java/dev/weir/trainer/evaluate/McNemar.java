package dev.weir.trainer.evaluate;

/** McNemar's test of two classifiers on the same rows (McNemar, 1947), in its exact form. */
final class McNemar {

  private McNemar() {}

  /**
   * The two-sided p-value: how likely a split of the rows on which they differ as uneven as this
   * one is, if both were equally good.
   *
   * @param onlyFirst rows that only the first got right
   * @param onlySecond rows that only the second got right
   */
  static double pValue(int onlyFirst, int onlySecond) {
    int n = onlyFirst + onlySecond;
    int fewer = Math.min(onlyFirst, onlySecond);
    double logTerm = -n * Math.log(2); // of n over 0, halved n times
    double tail = 0;
    for (int k = 0; k <= fewer; k++) {
      tail += Math.exp(logTerm);
      logTerm += Math.log(n - k) - Math.log(k + 1);
    }
    return Math.min(1, 2 * tail);
  }
}
