package dev.weir.curation.meter;

import static dev.weir.service.ops.MeterSpec.MINUTES;
import static dev.weir.service.ops.MeterSpec.counter;
import static dev.weir.service.ops.MeterSpec.gauge;
import static dev.weir.service.ops.MeterSpec.gaugeIn;
import static dev.weir.service.ops.MeterSpec.timer;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.TrainingBatch.CloseReason;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.MeterSpec;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

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

  /** Defects of our own. */
  public static final MeterSpec INTERNAL_ERRORS =
      counter(
          "weir.curation.internal.errors",
          "exceptions in curation's own code, by the step that failed; each costs its record only",
          "step");

  /** Records of which only the beginning was read. */
  public static final MeterSpec CUT =
      counter(
          "weir.curation.cut.records",
          "input records over 640 KiB, uncompressed, of which only the beginning was read",
          "topic");

  /** Closed batches. */
  public static final MeterSpec BATCHES =
      counter(
          "weir.curation.batches",
          "closed batches, by what closed them (count, age, accuracy-drop)",
          "adapter",
          "reason");

  /** When the last batch was closed. */
  public static final MeterSpec BATCH_CLOSED =
      gaugeIn(
          "seconds",
          "weir.curation.batch.closed.timestamp",
          "when the newest batch since the start was closed, since the epoch",
          "adapter");

  /** How long batches are open. */
  public static final MeterSpec BATCH_DURATION =
      timer(
          "weir.curation.batch.duration",
          "from a batch's first example to its being closed",
          MINUTES);

  /** The open batch. */
  public static final MeterSpec OPEN_EXAMPLES =
      gauge("weir.curation.open.examples", "examples in the batch that is still open", "adapter");

  /** What the open batch lacks. */
  public static final MeterSpec MISSING =
      gauge(
          "weir.curation.batch.missing",
          "what the open batch lacks to be closed: examples to its size; of an adapter's first batch,"
              + " also train and holdout examples to what a training needs",
          "adapter",
          "of");

  /** A partition that stands still. */
  public static final MeterSpec STALLED =
      gauge(
          "weir.curation.stalled.partitions",
          "partitions whose committed offset stands still while their lag grows");

  /** Topics that were made anew. */
  public static final MeterSpec RENEWED =
      counter(
          "weir.curation.topics.renewed",
          "topics that were deleted and made anew while curation ran; inputs are read from their"
              + " beginning",
          "topic");

  /** Threads that were replaced. */
  public static final MeterSpec THREADS_REPLACED =
      counter(
          "weir.curation.threads.replaced",
          "stream threads that died of a fault and were replaced");

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

  /** Room on a broker's disk. */
  public static final MeterSpec BROKER_DISK_FREE =
      gaugeIn(
          "bytes",
          "weir.broker.disk.free",
          "space left on the volume of a broker's log directory, as the broker says; no series without"
              + " the right to describe the cluster",
          "broker",
          "directory");

  /** Size of a broker's disk. */
  public static final MeterSpec BROKER_DISK_SIZE =
      gaugeIn(
          "bytes",
          "weir.broker.disk.size",
          "size of the volume of a broker's log directory, as the broker says",
          "broker",
          "directory");

  /** Partitions that are short of replicas. */
  public static final MeterSpec UNDER_REPLICATED =
      gauge(
          "weir.broker.under.replicated.partitions",
          "partitions of the topics that curation reads with fewer replicas in sync than they should have");

  /** Partitions without a leader. */
  public static final MeterSpec OFFLINE =
      gauge(
          "weir.broker.offline.partitions",
          "partitions of the topics that curation reads without a leader");

  private CurationMeters() {}

  /**
   * Makes the counters of all label values that can come, at 0.
   *
   * @param inputs the topics that others write
   * @param topics all topics that are read
   * @param steps the topology's processors
   */
  public static void atZero(
      MeterRegistry registry,
      AdapterCatalog catalog,
      Collection<String> inputs,
      Collection<String> topics,
      Collection<String> steps) {
    List<String> adapters = CommonMeters.countedFromTheStart(catalog);
    ACCEPTED.atZero(registry, List.of(adapters));
    CORRECTIONS.atZero(registry, List.of(adapters));
    BATCHES.atZero(
        registry,
        List.of(adapters, Arrays.stream(CloseReason.values()).map(CurationMeters::word).toList()));
    DEAD_LETTERS.atZero(
        registry, List.of(Arrays.stream(Reason.values()).map(Reason::code).toList()));
    INTERNAL_ERRORS.atZero(registry, List.of(List.of("batch-close", "resolve", "production")));
    INTERNAL_ERRORS.atZero(registry, List.of(steps));
    CUT.atZero(registry, List.of(inputs));
    RENEWED.atZero(registry, List.of(topics));
  }

  /** What a batch was closed by, as a label value. */
  public static String word(CloseReason reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(
        ACCEPTED,
        CORRECTIONS,
        DUPLICATES,
        BUFFERED,
        DEAD_LETTERS,
        INTERNAL_ERRORS,
        CUT,
        BATCHES,
        BATCH_CLOSED,
        BATCH_DURATION,
        OPEN_EXAMPLES,
        MISSING,
        STALLED,
        RENEWED,
        THREADS_REPLACED,
        FEEDBACK,
        LIVE_ACCURACY,
        LIVE_ANSWERS,
        BROKER_DISK_FREE,
        BROKER_DISK_SIZE,
        UNDER_REPLICATED,
        OFFLINE);
  }
}
