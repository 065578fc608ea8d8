package dev.weir.standalone.demo;

import java.util.List;
import java.util.Locale;

/**
 * The figures of a finished demo run; with {@code --json} the last line of its output.
 *
 * @param reviewsIn reviews sent
 * @param classificationsOut classifications seen for them
 * @param feedbackIn feedback records sent, the bad ones included
 * @param deadLetters records on the dead-letter topics
 * @param adapters released versions, oldest first
 * @param accuracyBefore mean accuracy of untrained heads on the unseen reviews
 * @param accuracyAfter accuracy of the last version on the unseen reviews, through Kafka
 * @param unseenReviews how many those are
 * @param seconds the run's length, without the build
 */
record DemoReport(
    long reviewsIn,
    long classificationsOut,
    long feedbackIn,
    int deadLetters,
    List<Adapter> adapters,
    double accuracyBefore,
    double accuracyAfter,
    int unseenReviews,
    double seconds) {

  /**
   * One released version.
   *
   * @param adapter its name
   * @param version its version
   * @param method how it was made
   * @param digest sha-256 (hex) of its manifest
   * @param holdoutAccuracy accuracy on the gate's holdout
   * @param trainingExamples examples it learned from
   * @param trainingSeconds seconds of its training
   * @param feedbackToLiveSeconds from its batch's newest feedback to its first classification
   */
  record Adapter(
      String adapter,
      int version,
      String method,
      String digest,
      double holdoutAccuracy,
      int trainingExamples,
      double trainingSeconds,
      double feedbackToLiveSeconds) {}

  /** The report for people. */
  String table() {
    StringBuilder text = new StringBuilder();
    line(text, "%nadapter        method        holdout  examples  training  feedback to live%n");
    for (Adapter a : adapters) {
      line(
          text,
          "%-14s %-13s %6.1f %%  %8d  %6.1f s  %14.1f s%n",
          a.adapter() + "@" + a.version(),
          a.method(),
          100 * a.holdoutAccuracy(),
          a.trainingExamples(),
          a.trainingSeconds(),
          a.feedbackToLiveSeconds());
    }
    line(
        text,
        "%nreviews in %d, classifications out %d, feedback in %d, dead letters %d%n",
        reviewsIn,
        classificationsOut,
        feedbackIn,
        deadLetters);
    line(
        text,
        "accuracy on %d reviews that were never feedback: %.1f %% before (untrained head), %.1f %% after%n",
        unseenReviews,
        100 * accuracyBefore,
        100 * accuracyAfter);
    line(text, "took %.0f s", seconds);
    return text.toString();
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments));
  }
}
