package dev.weir.benchmarks.recovery;

import java.util.List;
import java.util.Optional;

/**
 * The tries of one scenario.
 *
 * @param scenario which
 * @param first seconds to the first record sent afterwards that was answered or counted, per try
 * @param all seconds until one on each partition was
 * @param failure why a try did not end, if one did not
 */
record Outcome(Scenario scenario, List<Double> first, List<Double> all, Optional<String> failure) {

  Outcome {
    first = List.copyOf(first);
    all = List.copyOf(all);
  }

  /** Whether every try ended, and none above the target. */
  boolean met() {
    return failure.isEmpty()
        && !first.isEmpty()
        && first.stream().allMatch(seconds -> seconds <= scenario.targetSeconds());
  }
}
