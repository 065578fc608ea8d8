package dev.weir.trainer.fit;

import dev.weir.trainer.lora.Parameter;
import java.util.List;

/**
 * The exponential moving average of parameters over the optimizer's steps (Polyak and Juditsky,
 * SIAM J. Control Optim. 1992; as it is used for neural networks: Tarvainen and Valpola, NeurIPS
 * 2017): it is where the steps wander about, without their noise.
 *
 * <p>Young averages forget faster, by (1 + steps) / (10 + steps), so that short trainings do not
 * remember where they started. Not thread-safe.
 */
final class ParameterAverage {

  private final List<Parameter> current;
  private final List<Parameter> average;
  private final double decay;
  private int steps;

  /**
   * An average that starts at the parameters as they are.
   *
   * @param current the parameters, which the optimizer updates in place
   * @param decay share of the average that a step leaves; 0 for the parameters themselves
   */
  ParameterAverage(List<Parameter> current, double decay) {
    this.current = current;
    this.average = current.stream().map(Parameter::copy).toList();
    this.decay = decay;
  }

  /** Takes in the parameters after a step. */
  void add() {
    steps++;
    double kept = Math.min(decay, (1.0 + steps) / (10 + steps));
    for (int p = 0; p < average.size(); p++) {
      float[] mean = average.get(p).values();
      float[] now = current.get(p).values();
      for (int i = 0; i < mean.length; i++) {
        mean[i] = (float) (now[i] + kept * (mean[i] - now[i]));
      }
    }
  }

  /** The averages as they are. */
  List<Parameter> snapshot() {
    return average.stream().map(Parameter::copy).toList();
  }

  /** The means of the averages and of {@code start}, which has the same parameters. */
  List<Parameter> halfway(List<Parameter> start) {
    List<Parameter> means = snapshot();
    for (int p = 0; p < means.size(); p++) {
      float[] mean = means.get(p).values();
      float[] from = start.get(p).values();
      for (int i = 0; i < mean.length; i++) {
        mean[i] = (mean[i] + from[i]) / 2;
      }
    }
    return means;
  }
}
