package dev.weir.trainer.fit;

import java.util.Locale;

/** How the learning rates fall after the warm-up, to zero at the last step. */
public enum Schedule {
  /** In a straight line. */
  LINEAR,
  /** Along half a cosine. */
  COSINE;

  /** The word in settings. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The factor on the learning rates.
   *
   * @param step from 0
   * @param warmupSteps steps over which the factor rises to 1
   * @param steps all steps
   */
  double factor(int step, int warmupSteps, int steps) {
    if (step < warmupSteps) {
      return (step + 1.0) / warmupSteps;
    }
    double done = (step - warmupSteps) / (double) Math.max(1, steps - warmupSteps);
    return this == LINEAR ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  }
}
