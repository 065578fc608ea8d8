package dev.weir.trainer.evaluate;

import dev.weir.model.session.Softmax;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * How one adapter did on the holdout rows.
 *
 * @param answers for each row the label that came out on top
 * @param right for each row whether its label came out on top
 * @param accuracy share of right rows
 * @param macroF1 F1 averaged over the labels that occur among the rows or the answers
 * @param logLoss mean negative log probability of the right label, in nats
 * @param calibrationError expected calibration error: the mean distance of confidence and accuracy
 *     over 15 equal bins of the top label's probability, weighted by rows (Guo et al., ICML 2017)
 */
public record Scores(
    List<String> answers,
    List<Boolean> right,
    double accuracy,
    double macroF1,
    double logLoss,
    double calibrationError) {

  /** Bounds a row's loss: an adapter that does not know a label gives it this probability. */
  private static final double LEAST_PROBABILITY = 1e-9;

  private static final int BINS = 15;

  /** Copies the lists. */
  public Scores {
    answers = List.copyOf(answers);
    right = List.copyOf(right);
  }

  /** How many rows came out wrong. */
  public int errors() {
    return (int) right.stream().filter(hit -> !hit).count();
  }

  /** Scores logits at temperature 1. */
  public static Scores of(float[][] logits, List<String> names, List<String> wanted) {
    return of(logits, names, wanted, row -> 1);
  }

  /**
   * Scores logits.
   *
   * @param logits {@code [rows][names]}
   * @param names the adapter's labels
   * @param wanted each row's label; may be one that the adapter does not know
   * @param temperature what each row's logits are divided by
   */
  static Scores of(
      float[][] logits, List<String> names, List<String> wanted, IntToDoubleFunction temperature) {
    int rows = wanted.size();
    Boolean[] right = new Boolean[rows];
    String[] answers = new String[rows];
    double loss = 0;
    double[] confidence = new double[rows];
    for (int row = 0; row < rows; row++) {
      double[] probabilities =
          Softmax.of(logits[row], logits[row].length, temperature.applyAsDouble(row));
      int top = 0;
      for (int c = 1; c < probabilities.length; c++) {
        top = probabilities[c] > probabilities[top] ? c : top;
      }
      answers[row] = names.get(top);
      confidence[row] = probabilities[top];
      right[row] = answers[row].equals(wanted.get(row));
      int label = names.indexOf(wanted.get(row));
      double probability = label < 0 ? 0 : probabilities[label];
      loss -= Math.log(Math.max(LEAST_PROBABILITY, probability));
    }
    List<Boolean> hits = List.of(right);
    double accuracy = rows == 0 ? 0 : hits.stream().filter(hit -> hit).count() / (double) rows;
    List<String> said = List.of(answers);
    return new Scores(
        said,
        hits,
        accuracy,
        macroF1(said, wanted),
        rows == 0 ? 0 : loss / rows,
        calibrationError(confidence, hits));
  }

  /** The share of rows on which two give the same label; 1 without rows. */
  public double agreement(Scores other) {
    int same = 0;
    for (int row = 0; row < answers.size(); row++) {
      same += answers.get(row).equals(other.answers.get(row)) ? 1 : 0;
    }
    return answers.isEmpty() ? 1 : same / (double) answers.size();
  }

  private static double calibrationError(double[] confidence, List<Boolean> right) {
    // The bin's confidence minus its hits, summed: divided by all rows it is the weighted distance.
    double[] excess = new double[BINS];
    for (int row = 0; row < confidence.length; row++) {
      int bin = Math.min(BINS - 1, (int) (confidence[row] * BINS));
      excess[bin] += confidence[row] - (right.get(row) ? 1 : 0);
    }
    double error = 0;
    for (double each : excess) {
      error += Math.abs(each);
    }
    return confidence.length == 0 ? 0 : error / confidence.length;
  }

  private static double macroF1(List<String> answers, List<String> wanted) {
    List<String> occurring =
        java.util.stream.Stream.concat(answers.stream(), wanted.stream()).distinct().toList();
    double sum = 0;
    for (String label : occurring) {
      int hits = 0;
      int said = 0;
      int due = 0;
      for (int row = 0; row < answers.size(); row++) {
        boolean says = answers.get(row).equals(label);
        boolean is = wanted.get(row).equals(label);
        said += says ? 1 : 0;
        due += is ? 1 : 0;
        hits += says && is ? 1 : 0;
      }
      sum += 2.0 * hits / (said + due);
    }
    return occurring.isEmpty() ? 0 : sum / occurring.size();
  }
}
