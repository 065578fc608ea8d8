package dev.weir.trainer.lora;

import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;

/**
 * The units in which a head with a dense layer is trained: its numbers are these units times the
 * parameters that the optimizer sees.
 *
 * <p>AdamW moves every number by about the learning rate, however large it is. A head that starts
 * from a linear probe has a classifier of large weights behind a dense layer of small ones; in
 * plain units one step of the dense layer would move a logit by hundreds. Here the dense layer's
 * unit is such that a step of it moves a logit no more than a step of the classifier does, and the
 * classifier's such that its inputs are of the text vector's size. Powers of two, so that nothing
 * is rounded.
 *
 * @param dense of the dense layer's weight and bias
 * @param classifier of the classifier's weight
 */
record HeadUnits(float dense, float classifier) {
  static final HeadUnits ONE = new HeadUnits(1, 1);

  /** The units for a head as it starts. */
  static HeadUnits of(AdapterWeights start) {
    DenseLayer dense = start.dense();
    if (dense == null) {
      return ONE;
    }
    int width = start.hiddenSize();
    double diagonal = 0;
    for (int j = 0; j < width; j++) {
      diagonal += Math.abs(dense.weight()[j * width + j]) / width;
    }
    double rows = 0;
    for (float weight : start.headWeight()) {
      rows += Math.abs(weight) / start.labels().size();
    }
    return new HeadUnits(powerOfTwo(1 / Math.max(1, rows)), powerOfTwo(1 / diagonal));
  }

  private static float powerOfTwo(double value) {
    boolean usable = value > 0x1p-40 && value < 0x1p40;
    return usable ? Math.scalb(1f, Math.getExponent(value)) : 1;
  }

  static float[] times(float[] values, float unit) {
    float[] result = values.clone();
    for (int i = 0; i < result.length; i++) {
      result[i] *= unit;
    }
    return result;
  }
}
