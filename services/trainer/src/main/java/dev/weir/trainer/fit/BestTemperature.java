package dev.weir.trainer.fit;

import java.util.Arrays;

/**
 * The temperature at which logits predict labels best (Guo et al., ICML 2017), and how well.
 *
 * @param inverse one over the temperature: what to multiply the logits by
 * @param logLoss the mean negative log likelihood there, in nats; 0 without rows
 */
record BestTemperature(double inverse, double logLoss) {

  private static final int HALVINGS = 40;

  /**
   * The best one between two inverse temperatures.
   *
   * @param logits {@code [rows][labels]}
   * @param wanted the probability of each label, {@code [rows][labels]}
   */
  static BestTemperature of(float[][] logits, double[][] wanted, double least, double most) {
    double low = least;
    double high = most;
    // The loss is convex in the inverse temperature, so its slope has one zero at most.
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (low + high) / 2;
      if (slope(logits, wanted, middle) < 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return new BestTemperature(low, loss(logits, wanted, low));
  }

  /** Labels that are certain. */
  static double[][] certain(int[] labels, int classes) {
    double[][] wanted = new double[labels.length][classes];
    for (int row = 0; row < labels.length; row++) {
      wanted[row][labels[row]] = 1;
    }
    return wanted;
  }

  /**
   * Labels as sure as their number allows: the own one of a row has {@code (n + 1) / (n + classes)}
   * when {@code n} rows have it (Platt, 1999). So a few rows that are separable do not ask for
   * certainty.
   */
  static double[][] smoothed(int[] labels, int classes) {
    int[] counts = new int[classes];
    for (int label : labels) {
      counts[label]++;
    }
    double[][] wanted = new double[labels.length][classes];
    for (int row = 0; row < labels.length; row++) {
      double all = counts[labels[row]] + (double) classes;
      Arrays.fill(wanted[row], 1 / all);
      wanted[row][labels[row]] = (counts[labels[row]] + 1) / all;
    }
    return wanted;
  }

  private static double loss(float[][] logits, double[][] wanted, double inverse) {
    double loss = 0;
    for (int row = 0; row < logits.length; row++) {
      loss += logSum(logits[row], inverse);
      for (int c = 0; c < logits[row].length; c++) {
        loss -= wanted[row][c] * inverse * logits[row][c];
      }
    }
    return logits.length == 0 ? 0 : loss / logits.length;
  }

  private static double slope(float[][] logits, double[][] wanted, double inverse) {
    double slope = 0;
    for (int row = 0; row < logits.length; row++) {
      float[] answer = logits[row];
      double logSum = logSum(answer, inverse);
      for (int c = 0; c < answer.length; c++) {
        slope += (Math.exp(inverse * answer[c] - logSum) - wanted[row][c]) * answer[c];
      }
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
}
