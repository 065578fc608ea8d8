package dev.weir.benchmarks.serving;

import java.util.List;

/** The middle of some values. */
final class Median {
  private Median() {}

  /** The mean of the two middle ones when their number is even; not a number without values. */
  static double of(List<Double> values) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }
}
