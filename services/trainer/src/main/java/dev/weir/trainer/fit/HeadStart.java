package dev.weir.trainer.fit;

import dev.weir.model.spec.HeadKind;
import dev.weir.model.weights.DenseLayer;
import org.jspecify.annotations.Nullable;

/**
 * A head of a base's kind that answers as a linear probe does: where there is a dense layer, one
 * that passes its input through (the idea of Net2Net, Chen et al., ICLR 2016).
 *
 * <p>Through ReLU: the identity, shifted so far up that the vectors it was made for stay positive.
 * Through tanh: a small multiple of the centred input, where tanh is the identity but for a
 * relative error of the square of that multiple. The classifier takes shift and multiple back.
 *
 * @param dense the layer before the classifier, or {@code null} where the kind has none
 * @param weight {@code [labels, hidden]}, row-major
 * @param bias {@code [labels]}
 */
@SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
record HeadStart(@Nullable DenseLayer dense, float[] weight, float[] bias) {

  /** A power of two: multiplying by it and by its inverse rounds nothing. */
  private static final float SMALL = 0x1p-10f;

  /** Room above 0 for features that hardly vary. */
  private static final float LEAST_MARGIN = 0.1f;

  /**
   * @param vectors the text vectors that the probe was fitted on, {@code [rows][hidden]}
   */
  static HeadStart of(HeadKind kind, LinearProbe.Head probe, float[][] vectors) {
    if (!kind.hasDense()) {
      return new HeadStart(null, probe.weight(), probe.bias());
    }
    int width = vectors[0].length;
    boolean relu = kind == HeadKind.DENSE_RELU;
    float factor = relu ? 1 : SMALL;
    float[] shift = relu ? upwards(vectors, width) : centring(vectors, width);
    float[] dense = new float[width * width];
    float[] denseBias = new float[width];
    for (int j = 0; j < width; j++) {
      dense[j * width + j] = factor;
      denseBias[j] = factor * shift[j];
    }
    float[] weight = probe.weight().clone();
    float[] bias = new float[probe.bias().length];
    for (int label = 0; label < bias.length; label++) {
      double corrected = probe.bias()[label];
      for (int j = 0; j < width; j++) {
        corrected -= (double) weight[label * width + j] * shift[j];
        weight[label * width + j] /= factor;
      }
      bias[label] = (float) corrected;
    }
    return new HeadStart(new DenseLayer(dense, denseBias), weight, bias);
  }

  /** So that each feature is positive, with its own range as room for texts not seen. */
  private static float[] upwards(float[][] vectors, int width) {
    float[] shift = new float[width];
    for (int j = 0; j < width; j++) {
      float lowest = Float.POSITIVE_INFINITY;
      float highest = Float.NEGATIVE_INFINITY;
      for (float[] vector : vectors) {
        lowest = Math.min(lowest, vector[j]);
        highest = Math.max(highest, vector[j]);
      }
      shift[j] = Math.max(0, Math.max(highest - lowest, LEAST_MARGIN) - lowest);
    }
    return shift;
  }

  private static float[] centring(float[][] vectors, int width) {
    float[] shift = new float[width];
    for (int j = 0; j < width; j++) {
      double sum = 0;
      for (float[] vector : vectors) {
        sum += vector[j];
      }
      shift[j] = (float) (-sum / vectors.length);
    }
    return shift;
  }
}
