package dev.weir.trainer.meter;

import static dev.weir.service.ops.MeterSpec.MINUTES;
import static dev.weir.service.ops.MeterSpec.counter;
import static dev.weir.service.ops.MeterSpec.gauge;
import static dev.weir.service.ops.MeterSpec.gaugeIn;
import static dev.weir.service.ops.MeterSpec.timer;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.release.Method;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.MeterSpec;
import dev.weir.service.ops.ReasonCodes;
import dev.weir.trainer.data.SkippedRecords;
import dev.weir.trainer.publish.StoreClaim;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Arrays;
import java.util.List;

/** The meters of the trainer. */
public final class TrainerMeters {

  static final MeterSpec DEVICE =
      gauge(
          "weir.trainer.device.info",
          "always 1; where adapters are trained",
          "device",
          "engine",
          "version");

  static final MeterSpec BUSY =
      gauge("weir.trainer.busy", "1 while a batch is in training, 0 while the trainer waits");

  static final MeterSpec DECISIONS =
      counter(
          "weir.trainer.decisions",
          "what the promotion gate decided: result is promoted, held or retained",
          "adapter",
          "method",
          "result",
          "reason");

  static final MeterSpec SINCE_PROMOTION =
      gauge(
          "weir.trainer.decisions.since.promotion",
          "trainings in a row, since the start, that promoted nothing; passed over batches do not count",
          "adapter");

  static final MeterSpec BATCH_DURATION =
      timer(
          "weir.trainer.batch.duration",
          "from the closing of a batch to the decision about a method's challenger",
          MINUTES,
          "method");

  static final MeterSpec TRAINING =
      timer(
          "weir.trainer.training",
          "from having the data to having the artifact",
          MINUTES,
          "method");

  static final MeterSpec STEPS =
      counter("weir.trainer.steps", "optimizer steps, skipped ones included", "method");

  static final MeterSpec NONFINITE_STEPS =
      counter(
          "weir.trainer.steps.nonfinite",
          "optimizer steps skipped for a loss or gradient that is not finite");

  static final MeterSpec EXAMPLES_PER_SECOND =
      gauge("weir.trainer.examples.per.second", "speed of the last training that had one");

  static final MeterSpec LOSS =
      gauge(
          "weir.trainer.loss",
          "mean training loss of the epoch so far, in nats; the last training that had one",
          "adapter",
          "method");

  static final MeterSpec PROGRESS =
      gauge(
          "weir.trainer.progress",
          "share of the planned optimizer steps that are done; the last training that had any",
          "adapter",
          "method");

  static final MeterSpec FAILURES =
      counter("weir.trainer.failures", "tries of a training that failed, by reason", "reason");

  static final MeterSpec PASSED_OVER =
      counter(
          "weir.trainer.batches.passed.over",
          "batches that could not be settled and were passed over without a release");

  static final MeterSpec BATCH_STARTED =
      gaugeIn(
          "seconds",
          "weir.trainer.batch.started",
          "when the batch in training was taken up, since the epoch; 0 while the trainer waits");

  static final MeterSpec LAST_STEP =
      gaugeIn(
          "seconds",
          "weir.trainer.last.step",
          "when the training last got on by a step, a batch of texts or an iteration, since the epoch;"
              + " 0 while the trainer waits");

  static final MeterSpec FEEDBACK =
      gaugeIn(
          "seconds",
          "weir.trainer.feedback.timestamp",
          "when the newest feedback was given of the last batch that was decided, since the epoch",
          "adapter");

  static final MeterSpec HOLDOUT_ROWS =
      gauge("weir.trainer.holdout.rows", "rows that the last decision rests on", "adapter");

  static final MeterSpec HOLDOUT_ACCURACY =
      gauge(
          "weir.trainer.holdout.accuracy",
          "accuracy on the holdout at the last decision, by role (champion, challenger)",
          "adapter",
          "role");

  static final MeterSpec FROZEN_ROWS =
      gauge("weir.trainer.frozen.rows", "rows of the frozen set at the last decision", "adapter");

  static final MeterSpec FROZEN_ACCURACY =
      gauge(
          "weir.trainer.frozen.accuracy",
          "accuracy on the frozen set at the last decision, by role (champion, challenger)",
          "adapter",
          "role");

  static final MeterSpec TEMPERATURE =
      gauge(
          "weir.trainer.temperature",
          "the last challenger's temperature: above 1 it was too sure of itself",
          "adapter");

  static final MeterSpec CALIBRATION_ERROR =
      gauge(
          "weir.trainer.calibration.error",
          "expected calibration error of the last challenger, before and after its temperature",
          "adapter",
          "temperature");

  static final MeterSpec PRECISION_AGREEMENT =
      gauge(
          "weir.trainer.precision.agreement",
          "share of holdout rows on which another arithmetic gives the label of fp32",
          "adapter",
          "form");

  static final MeterSpec PRECISION_ACCURACY =
      gauge(
          "weir.trainer.precision.accuracy",
          "accuracy on the holdout in another arithmetic",
          "adapter",
          "form");

  /** Reasons of a promotion, whether or not a pin holds the version back. */
  static final List<String> PROMOTIONS =
      List.of("better-than-majority", "fewer-errors", "lower-log-loss");

  /** Reasons for the champion to stay. */
  static final List<String> RETENTIONS =
      List.of(
          "forgets",
          "holdout-too-small",
          "not-better",
          "one-class-only",
          "parity-failed",
          "superseded",
          "too-few-examples",
          "too-many-nonfinite-steps",
          "training-failed");

  /** Codes of the exceptions that a try can fail with. */
  public static final List<String> FAILURE_REASONS =
      ReasonCodes.with(
          List.of(
              "labels-alike",
              "layer-not-in-base",
              "one-class-only",
              "output-not-empty",
              "parity-failed",
              StoreClaim.NOT_OURS,
              "training-failed"));

  private TrainerMeters() {}

  /** Makes the counters and timers of all label values that can come, with nothing counted. */
  static void atZero(MeterRegistry registry, AdapterCatalog catalog) {
    List<String> adapters = CommonMeters.countedFromTheStart(catalog);
    List<String> methods = Arrays.stream(Method.values()).map(TrainerMetrics::word).toList();
    DECISIONS.atZero(registry, List.of(adapters, methods, List.of("promoted", "held"), PROMOTIONS));
    DECISIONS.atZero(registry, List.of(adapters, methods, List.of("retained"), RETENTIONS));
    FAILURES.atZero(registry, List.of(FAILURE_REASONS));
    STEPS.atZero(registry, List.of(methods));
    BATCH_DURATION.atZero(registry, List.of(methods));
    TRAINING.atZero(registry, List.of(methods));
    SkippedRecords.METER.atZero(
        registry,
        List.of(
            List.of("adapters", "examples", "training-batches"),
            List.of("unreadable", "internal-error")));
  }

  /** All of them, in the order of the reference. */
  public static List<MeterSpec> all() {
    return List.of(
        DEVICE,
        BUSY,
        DECISIONS,
        SINCE_PROMOTION,
        BATCH_DURATION,
        TRAINING,
        STEPS,
        NONFINITE_STEPS,
        EXAMPLES_PER_SECOND,
        LOSS,
        PROGRESS,
        FAILURES,
        PASSED_OVER,
        SkippedRecords.METER,
        BATCH_STARTED,
        LAST_STEP,
        FEEDBACK,
        HOLDOUT_ROWS,
        HOLDOUT_ACCURACY,
        FROZEN_ROWS,
        FROZEN_ACCURACY,
        TEMPERATURE,
        CALIBRATION_ERROR,
        PRECISION_AGREEMENT,
        PRECISION_ACCURACY);
  }
}
