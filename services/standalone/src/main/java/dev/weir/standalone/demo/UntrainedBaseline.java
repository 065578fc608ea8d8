package dev.weir.standalone.demo;

import dev.weir.model.base.BaseModel;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.serving.ServingEncoder;
import java.util.List;
import java.util.Random;

/**
 * The base model with an untrained head: what one has before any feedback.
 *
 * <p>One random head may be lucky or unlucky by far; accuracy is therefore the mean over many, each
 * drawn from a normal distribution as classifier heads are initialised (standard deviation 0.02).
 */
final class UntrainedBaseline {

  private static final int HEADS = 64;
  private static final double STANDARD_DEVIATION = 0.02;

  private final BaseModel base;
  private final List<String> labels;
  private final int maxTokens;

  UntrainedBaseline(BaseModel base, List<String> labels, int maxTokens) {
    this.base = base;
    this.labels = labels;
    this.maxTokens = maxTokens;
  }

  /** Mean accuracy of untrained heads on these reviews. */
  double accuracy(List<LabeledReview> reviews) {
    int right = 0;
    List<int[]> tokens =
        reviews.stream().map(review -> base.tokenizer().encode(review.text(), maxTokens)).toList();
    AdapterWeights frozen = AdapterWeights.untrained(base.config(), labels);
    try (ServingEncoder encoder = new ServingEncoder(base, threads())) {
      float[][] pooled = encoder.vectors(frozen, tokens);
      float[][][] heads = heads();
      for (int i = 0; i < pooled.length; i++) {
        int label = labels.indexOf(reviews.get(i).label());
        for (float[][] head : heads) {
          right += best(head, pooled[i]) == label ? 1 : 0;
        }
      }
    }
    return right / (double) (reviews.size() * HEADS);
  }

  private float[][][] heads() {
    Random random = new Random(20);
    float[][][] heads = new float[HEADS][labels.size()][base.config().hiddenSize()];
    for (float[][] head : heads) {
      for (float[] row : head) {
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) (random.nextGaussian() * STANDARD_DEVIATION);
        }
      }
    }
    return heads;
  }

  private static int best(float[][] head, float[] pooled) {
    int best = 0;
    double highest = Double.NEGATIVE_INFINITY;
    for (int label = 0; label < head.length; label++) {
      double score = 0;
      for (int i = 0; i < pooled.length; i++) {
        score += head[label][i] * pooled[i];
      }
      if (score > highest) {
        highest = score;
        best = label;
      }
    }
    return best;
  }

  private static int threads() {
    return Math.max(1, Runtime.getRuntime().availableProcessors());
  }
}
