package dev.weir.trainer.serving;

import dev.weir.model.spec.HeadKind;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;

/**
 * A head's logits from a text vector that the encoder gave before: what the graph's last operators
 * compute, but for rounding, without running the layers below once more.
 *
 * <p>Stateless.
 */
final class HeadArithmetic {

  private HeadArithmetic() {}

  /**
   * The logits of an adapter's own labels.
   *
   * @param kind what the base's heads are like
   * @param vector {@code [hidden]}, from an encoder with this adapter's LoRA
   */
  static float[] logits(HeadKind kind, AdapterWeights weights, float[] vector) {
    DenseLayer dense = weights.dense();
    float[] read =
        dense == null ? vector : activated(kind, linear(dense.weight(), dense.bias(), vector));
    return linear(weights.headWeight(), weights.headBias(), read);
  }

  private static float[] activated(HeadKind kind, float[] sums) {
    float[] values = new float[sums.length];
    for (int i = 0; i < sums.length; i++) {
      values[i] = kind == HeadKind.DENSE_RELU ? Math.max(0, sums[i]) : (float) Math.tanh(sums[i]);
    }
    return values;
  }

  private static float[] linear(float[] weight, float[] bias, float[] vector) {
    float[] sums = new float[bias.length];
    for (int row = 0; row < sums.length; row++) {
      double sum = bias[row];
      for (int j = 0; j < vector.length; j++) {
        sum += (double) weight[row * vector.length + j] * vector[j];
      }
      sums[row] = (float) sum;
    }
    return sums;
  }
}
