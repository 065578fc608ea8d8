package dev.weir.trainer.fit;

/**
 * The mean negative log likelihood of multinomial logistic regression, plus half the L2 strength
 * times the squared weights (not the biases). Parameters: {@code [classes, features + 1]}, the bias
 * last in each row.
 */
final class SoftmaxRegression implements Lbfgs.Objective {

  private final float[][] features;
  private final int[] labels;
  private final int classes;
  private final int width;
  private final double l2;

  SoftmaxRegression(float[][] features, int[] labels, int classes, double l2) {
    this.features = features;
    this.labels = labels;
    this.classes = classes;
    this.width = features[0].length + 1;
    this.l2 = l2;
  }

  int parameters() {
    return classes * width;
  }

  @Override
  public double at(double[] x, double[] gradient) {
    float[] weights = floats(x);
    java.util.Arrays.fill(gradient, 0);
    float[] sums = new float[x.length];
    double[] logits = new double[classes];
    double loss = 0;
    for (int row = 0; row < features.length; row++) {
      scores(weights, features[row], logits);
      loss += softmax(logits, labels[row]);
      logits[labels[row]] -= 1;
      for (int c = 0; c < classes; c++) {
        accumulate(sums, c * width, (float) logits[c], features[row]);
      }
      if ((row & 63) == 63) {
        flush(sums, gradient); // in doubles, so that the error does not grow with the rows
      }
    }
    flush(sums, gradient);
    double penalty = 0;
    for (int i = 0; i < x.length; i++) {
      gradient[i] /= features.length;
      if (i % width != width - 1) {
        penalty += x[i] * x[i];
        gradient[i] += l2 * x[i];
      }
    }
    return loss / features.length + l2 / 2 * penalty;
  }

  /** The scores of other rows, {@code [rows][classes]}. */
  static float[][] logits(double[] x, float[][] features, int classes) {
    SoftmaxRegression fitted = new SoftmaxRegression(features, new int[0], classes, 0);
    float[] weights = floats(x);
    double[] scores = new double[classes];
    float[][] logits = new float[features.length][classes];
    for (int row = 0; row < features.length; row++) {
      fitted.scores(weights, features[row], scores);
      for (int c = 0; c < classes; c++) {
        logits[row][c] = (float) scores[c];
      }
    }
    return logits;
  }

  private static float[] floats(double[] x) {
    float[] weights = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      weights[i] = (float) x[i];
    }
    return weights;
  }

  private void scores(float[] weights, float[] row, double[] logits) {
    for (int c = 0; c < classes; c++) {
      int at = c * width;
      float s0 = 0;
      float s1 = 0;
      float s2 = 0;
      float s3 = 0;
      int j = 0;
      for (; j + 3 < row.length; j += 4) {
        s0 += weights[at + j] * row[j];
        s1 += weights[at + j + 1] * row[j + 1];
        s2 += weights[at + j + 2] * row[j + 2];
        s3 += weights[at + j + 3] * row[j + 3];
      }
      for (; j < row.length; j++) {
        s0 += weights[at + j] * row[j];
      }
      logits[c] = s0 + s1 + s2 + s3 + weights[at + width - 1];
    }
  }

  private static void accumulate(float[] sums, int at, float factor, float[] row) {
    for (int j = 0; j < row.length; j++) {
      sums[at + j] += factor * row[j];
    }
    sums[at + row.length] += factor;
  }

  private static void flush(float[] sums, double[] gradient) {
    for (int i = 0; i < sums.length; i++) {
      gradient[i] += sums[i];
      sums[i] = 0;
    }
  }

  /** Turns logits into probabilities; the negative log probability of {@code label}, in nats. */
  private static double softmax(double[] logits, int label) {
    double max = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    double own = logits[label] - max;
    for (int c = 0; c < logits.length; c++) {
      logits[c] = Math.exp(logits[c] - max);
      sum += logits[c];
    }
    for (int c = 0; c < logits.length; c++) {
      logits[c] /= sum;
    }
    return Math.log(sum) - own;
  }
}
