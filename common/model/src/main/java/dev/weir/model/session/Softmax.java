package dev.weir.model.session;

/** The probabilities of labels, for those who answer and for those who judge an adapter. */
public final class Softmax {

  private Softmax() {}

  /**
   * Softmax over the first {@code count} logits, divided by {@code temperature}; the rest belongs
   * to adapters with more labels. A logit that is not finite makes probabilities that are not.
   */
  public static double[] of(float[] logits, int count, double temperature) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, logits[i]);
    }
    double[] probabilities = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      probabilities[i] = Math.exp((logits[i] - max) / temperature);
      sum += probabilities[i];
    }
    for (int i = 0; i < count; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }
}
