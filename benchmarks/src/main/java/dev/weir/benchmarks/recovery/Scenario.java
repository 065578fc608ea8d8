package dev.weir.benchmarks.recovery;

import java.util.Locale;

/** What happens to a process, and how long its work may stop for it. */
enum Scenario {
  CRASH_INFERENCE(10, "inference, kill -9 and a new process, to the first answer"),
  CRASH_CURATION(10, "curation, kill -9 and a new process, to the first label counted"),
  RESTART_INFERENCE(5, "inference, clean restart, from the new process to the first answer"),
  RESTART_CURATION(
      5, "curation, clean restart on its state, from the new process to the first label"),
  FROZEN_INFERENCE(
      25, "two of inference, one frozen, the other killed and started, to the first answer");

  private final double targetSeconds;
  private final String description;

  Scenario(double targetSeconds, String description) {
    this.targetSeconds = targetSeconds;
    this.description = description;
  }

  /** The longest that it may take. */
  double targetSeconds() {
    return targetSeconds;
  }

  /** For people. */
  String description() {
    return description;
  }

  /** The name for options and results. */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
