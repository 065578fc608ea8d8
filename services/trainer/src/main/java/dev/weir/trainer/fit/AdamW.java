package dev.weir.trainer.fit;

import dev.weir.trainer.lora.Parameter;
import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), on Java arrays: its state
 * never crosses to native memory. Anchoring likewise pulls every parameter back to where it started
 * (L2-SP, Li et al., ICML 2018): to the champion, when the training goes on from it.
 *
 * <p>Not thread-safe.
 */
final class AdamW {

  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private final List<Parameter> parameters;
  private final double weightDecay;
  private final double anchoring;
  private final float[][] anchors;
  private final float[][] first;
  private final float[][] second;
  private int steps;

  AdamW(List<Parameter> parameters, double weightDecay, double anchoring) {
    this.parameters = parameters;
    this.weightDecay = weightDecay;
    this.anchoring = anchoring;
    this.anchors =
        parameters.stream().map(parameter -> parameter.values().clone()).toArray(float[][]::new);
    this.first = zeros(parameters);
    this.second = zeros(parameters);
  }

  /**
   * Updates all parameters in place.
   *
   * @param gradients one array per parameter, in order
   * @param scale factor on the gradients, for clipping
   * @param loraRate learning rate of the LoRA matrices
   * @param headRate learning rate of the head
   */
  void step(List<float[]> gradients, double scale, double loraRate, double headRate) {
    steps++;
    double correction1 = 1 - Math.pow(BETA1, steps);
    double correction2 = 1 - Math.pow(BETA2, steps);
    for (int p = 0; p < first.length; p++) {
      Parameter parameter = parameters.get(p);
      double rate = parameter.head() ? headRate : loraRate;
      double keep = parameter.decays() ? 1 - rate * weightDecay : 1;
      double pull = Math.min(1, rate * anchoring);
      float[] anchor = anchors[p];
      float[] values = parameter.values();
      float[] gradient = gradients.get(p);
      float[] m = first[p];
      float[] v = second[p];
      for (int i = 0; i < values.length; i++) {
        double g = gradient[i] * scale;
        m[i] = (float) (BETA1 * m[i] + (1 - BETA1) * g);
        v[i] = (float) (BETA2 * v[i] + (1 - BETA2) * g * g);
        double change = (m[i] / correction1) / (Math.sqrt(v[i] / correction2) + EPSILON);
        double pulled = values[i] * keep + pull * (anchor[i] - values[i]);
        values[i] = (float) (pulled - rate * change);
      }
    }
  }

  /** The Euclidean norm of all gradients together; not finite when one of them is not. */
  static double norm(List<float[]> gradients) {
    double sum = 0;
    for (float[] gradient : gradients) {
      for (float g : gradient) {
        sum += (double) g * g;
      }
    }
    return Math.sqrt(sum);
  }

  private static float[][] zeros(List<Parameter> parameters) {
    return parameters.stream()
        .map(parameter -> new float[parameter.values().length])
        .toArray(float[][]::new);
  }
}
