package dev.weir.inference.score;

import dev.weir.model.session.Softmax;
import java.util.Arrays;
import java.util.List;

/** Logits to the probabilities of an answer. */
final class Probabilities {

  private Probabilities() {}

  /**
   * The probabilities of the first {@code count} logits; the rest belongs to adapters with more
   * labels.
   *
   * @throws ArithmeticException if a logit is not finite
   */
  static List<Double> of(float[] logits, int count, double temperature) {
    for (int i = 0; i < count; i++) {
      if (!Float.isFinite(logits[i])) {
        throw new ArithmeticException("logit " + i + " is " + logits[i]);
      }
    }
    return Arrays.stream(Softmax.of(logits, count, temperature)).boxed().toList();
  }
}
