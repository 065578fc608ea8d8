package dev.weir.inference.score;

import java.util.Arrays;
import java.util.List;

/** Logits to probabilities. */
final class Softmax {

  private Softmax() {}

  /**
   * Softmax over the first {@code count} logits, divided by {@code temperature}; the rest belongs
   * to adapters with more labels.
   *
   * @throws ArithmeticException if a logit is not finite
   */
  static List<Double> of(float[] logits, int count, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      if (!Float.isFinite(logits[i])) {
        throw new ArithmeticException("logit " + i + " is " + logits[i]);
      }
      max = Math.max(max, logits[i]);
    }
    Double[] probabilities = new Double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double power = Math.exp((logits[i] - max) / temperature);
      probabilities[i] = power;
      sum += power;
    }
    for (int i = 0; i < count; i++) {
      probabilities[i] /= sum;
    }
    return List.copyOf(Arrays.asList(probabilities));
  }
}
