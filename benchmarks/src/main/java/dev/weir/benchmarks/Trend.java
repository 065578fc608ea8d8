package dev.weir.benchmarks;

/**
 * Least squares of a series over its index.
 *
 * @param mean mean of the values
 * @param slope change per step
 * @param error standard error of the slope, as if the values' scatter were independent
 * @param steps how many values there were
 */
public record Trend(double mean, double slope, double error, int steps) {

  /** Fits the values from index {@code from} on; at least three of them. */
  public static Trend of(double[] values, int from) {
    int n = values.length - from;
    if (n < 3) {
      throw new IllegalArgumentException("a trend needs 3 values, got " + n);
    }
    double meanX = (n - 1) / 2.0;
    double meanY = 0;
    for (int i = 0; i < n; i++) {
      meanY += values[from + i] / n;
    }
    double sxx = 0;
    double sxy = 0;
    for (int i = 0; i < n; i++) {
      sxx += (i - meanX) * (i - meanX);
      sxy += (i - meanX) * (values[from + i] - meanY);
    }
    double slope = sxy / sxx;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double rest = values[from + i] - meanY - slope * (i - meanX);
      squares += rest * rest;
    }
    return new Trend(meanY, slope, Math.sqrt(squares / (n - 2) / sxx), n);
  }

  /**
   * Whether the values grow: by more than two standard errors per step, and by more than {@code
   * tolerated} of their mean over all steps.
   */
  public boolean grows(double tolerated) {
    return slope > 2 * error && slope * steps > tolerated * mean;
  }
}
