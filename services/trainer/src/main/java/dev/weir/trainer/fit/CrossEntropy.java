package dev.weir.trainer.fit;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Cross-entropy with label smoothing (Szegedy et al., CVPR 2016) and class weights, as the factors
 * that a batch's log probabilities are multiplied by.
 *
 * <p>As PyTorch's {@code CrossEntropyLoss} averages: a batch's loss is the weighted sum of its
 * rows' over the sum of their weights. Immutable.
 */
final class CrossEntropy {

  private final double smoothing;
  private final double[] weights;

  /**
   * @param smoothing share of a target's probability that is spread over all classes, in [0, 1)
   * @param weights of each class
   */
  CrossEntropy(double smoothing, double[] weights) {
    this.smoothing = smoothing;
    this.weights = weights.clone();
  }

  /** The loss that options ask for, on a training set with these labels. */
  static CrossEntropy of(TrainingOptions options, List<String> names, int[] labels) {
    return new CrossEntropy(options.labelSmoothing(), options.classWeights().of(names, labels));
  }

  /** The sum of some rows' weights. */
  double weight(int[] labels, int[] rows) {
    return Arrays.stream(rows).mapToDouble(row -> weights[labels[row]]).sum();
  }

  /**
   * Factors on log probabilities {@code [rows, classes]}, whose product summed is the loss.
   *
   * @param total the sum of weights of the whole batch, of which these rows may be a part
   */
  float[] factors(int[] labels, int[] rows, double total) {
    int classes = weights.length;
    float[] factors = new float[rows.length * classes];
    for (int i = 0; i < rows.length; i++) {
      int label = labels[rows[i]];
      double share = weights[label] / total;
      for (int c = 0; c < classes; c++) {
        double target = smoothing / classes + (c == label ? 1 - smoothing : 0);
        factors[i * classes + c] = (float) (-share * target);
      }
    }
    return factors;
  }

  /**
   * How classes are weighted: all the same, by how rare they are, or as given.
   *
   * @param balanced whether a class weighs the more the rarer it is
   * @param given by label; others weigh 1
   */
  record ClassWeights(boolean balanced, Map<String, Double> given) {

    static final String RANGE = "none, balanced, or label=weight separated by commas";

    ClassWeights {
      given = Map.copyOf(given);
    }

    /** Parses a setting. */
    static ClassWeights parse(String text) {
      String value = text.strip();
      if (value.equalsIgnoreCase("none") || value.equalsIgnoreCase("balanced")) {
        return new ClassWeights(value.equalsIgnoreCase("balanced"), Map.of());
      }
      Map<String, Double> given = new LinkedHashMap<>();
      for (String part : value.split(",", -1)) {
        int at = part.lastIndexOf('=');
        double weight = at < 1 ? Double.NaN : number(part.substring(at + 1));
        if (!(weight > 0 && weight <= 1e6)) {
          throw new IllegalArgumentException(
              "has '%s', accepted are %s, each above 0 and at most 1000000"
                  .formatted(part.strip(), RANGE));
        }
        given.put(part.substring(0, at).strip(), weight);
      }
      return new ClassWeights(false, given);
    }

    /** One weight per name; balanced ones are rows / (classes · rows of the class). */
    double[] of(List<String> names, int[] labels) {
      double[] weights = new double[names.size()];
      for (int c = 0; c < weights.length; c++) {
        int label = c;
        long rows = Arrays.stream(labels).filter(l -> l == label).count();
        weights[c] =
            balanced
                ? labels.length / (double) (weights.length * Math.max(1, rows))
                : given.getOrDefault(names.get(c), 1.0);
      }
      return weights;
    }

    private static double number(String text) {
      try {
        return Double.parseDouble(text.strip());
      } catch (NumberFormatException e) {
        return Double.NaN;
      }
    }
  }
}
