package dev.weir.curation.meter;

import static dev.weir.common.ops.MeterSpec.MINUTES;
import static dev.weir.common.ops.MeterSpec.counter;
import static dev.weir.common.ops.MeterSpec.gauge;
import static dev.weir.common.ops.MeterSpec.gaugeIn;
import static dev.weir.common.ops.MeterSpec.timer;

import dev.weir.common.ops.MeterSpec;
import java.util.List;

/**
 * The meters of curation. Under exactly-once an aborted transaction's records are processed, and
 * counted, again.
 */
public final class CurationMeters {

  /** Feedback that taught something. */
  public static final MeterSpec ACCEPTED =
      counter(
          "weir.curation.accepted",
          "feedback that became an example, corrections included",
          "adapter");

  /** Changed minds. */
  public static final MeterSpec CORRECTIONS =
      counter(
          "weir.curation.corrections",
          "feedback that gave another label to a text that was an example",
          "adapter");

  /** Duplicates. */
  public static final MeterSpec DUPLICATES =
      counter(
          "weir.curation.duplicates",
          "feedback on a text that is an example already, and changes nothing (same-label, superseded)",
          "kind");

  /** Feedback that waits. */
  public static final MeterSpec BUFFERED =
      counter("weir.curation.buffered", "feedback that had to wait for its review or its answer");

  /** Dead letters. */
  public static final MeterSpec DEAD_LETTERS =
      counter(
          "weir.curation.dead.letters",
          "feedback that went to the dead-letter topic, by reason",
          "reason");

  /** Closed batches. */
  public static final MeterSpec BATCHES =
      counter(
          "weir.curation.batches",
          "closed batches, by what closed them (count, age, accuracy-drop)",
          "adapter",
          "reason");

  /** How long batches are open. */
  public static final MeterSpec BATCH_DURATION =
      timer(
          "weir.curation.batch.duration",
          "from a batch's first example to its being closed",
          MINUTES);

  /** The open batch. */
  public static final MeterSpec OPEN_EXAMPLES =
      gauge("weir.curation.open.examples", "examples in the batch that is still open", "adapter");

  /** The newest example. */
  public static final MeterSpec FEEDBACK =
      gaugeIn(
          "seconds",
          "weir.curation.feedback.timestamp",
          "when the newest feedback was given that became an example since the start, since the epoch",
          "adapter");

  /** Live accuracy. */
  public static final MeterSpec LIVE_ACCURACY =
      gauge(
          "weir.curation.live.accuracy",
          "share of a version's last 200 judged answers that feedback confirmed; the last three versions",
          "adapter",
          "version");

  /** How much the live accuracy rests on. */
  public static final MeterSpec LIVE_ANSWERS =
      gauge(
          "weir.curation.live.answers",
          "judged answers that the live accuracy rests on, at most 200",
          "adapter",
          "version");

  private CurationMeters() {}

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(
        ACCEPTED,
        CORRECTIONS,
        DUPLICATES,
        BUFFERED,
        DEAD_LETTERS,
        BATCHES,
        BATCH_DURATION,
        OPEN_EXAMPLES,
        FEEDBACK,
        LIVE_ACCURACY,
        LIVE_ANSWERS);
  }
}
