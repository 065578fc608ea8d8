package dev.weir.trainer.fit;

import dev.weir.trainer.lora.Parameter;
import java.util.List;

/**
 * The running average of parameters over the optimizer's steps: where the steps wander about,
 * without their noise (Polyak and Juditsky, SIAM J. Control Optim. 1992).
 *
 * <p>A step counts in proportion to its number (Lacoste-Julien, Schmidt and Bach, arXiv:1212.2002),
 * so that the start is soon forgotten and the last three tenths of the steps make up half of it; in
 * trainings so long that a step would leave more than {@code decay} of it, it is an exponential
 * average from there on. Not thread-safe.
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
   * @param decay share of the average that a step leaves at most; 0 for the parameters themselves
   */
  ParameterAverage(List<Parameter> current, double decay) {
    this.current = current;
    this.average = current.stream().map(Parameter::copy).toList();
    this.decay = decay;
  }

  /** Takes in the parameters after a step. */
  void add() {
    steps++;
    double kept = Math.min(decay, (1.0 + steps) / (3 + steps));
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
