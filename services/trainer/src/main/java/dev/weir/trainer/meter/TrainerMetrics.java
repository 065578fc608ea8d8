package dev.weir.trainer.meter;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.service.ops.GaugeSet;
import dev.weir.service.ops.MeterSpec;
import dev.weir.service.ops.Timers;
import dev.weir.trainer.fit.FitProgress;
import dev.weir.trainer.torch.TrainingDevice;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The trainer's meters. Thread-safe. */
public final class TrainerMetrics {

  private final MeterRegistry registry;
  private final Counter nonFinite;
  private final Map<MeterSpec, GaugeSet> gauges = new ConcurrentHashMap<>();
  private final Clock clock = Clock.systemUTC();
  private volatile long started;
  private volatile long lastStep;
  private final Map<String, Integer> sincePromotion = new ConcurrentHashMap<>();

  /** Meters whose counters of these adapters are there from the start. */
  public TrainerMetrics(MeterRegistry registry, AdapterCatalog catalog) {
    this.registry = registry;
    nonFinite = TrainerMeters.NONFINITE_STEPS.counter(registry);
    show(TrainerMeters.EXAMPLES_PER_SECOND, 0);
    TrainerMeters.PASSED_OVER.counter(registry);
    TrainerMeters.atZero(registry, catalog);
    TrainerMeters.BATCH_STARTED.gauge(registry, () -> started / 1000.0);
    TrainerMeters.LAST_STEP.gauge(registry, () -> lastStep / 1000.0);
    busy(false);
  }

  /** Where the meters are. */
  public MeterRegistry registry() {
    return registry;
  }

  /** Says where training runs. */
  public void device(TrainingDevice device) {
    show(TrainerMeters.DEVICE, 1, device.word(), "pytorch", device.engineVersion());
  }

  /** Says whether a training runs. */
  public void busy(boolean training) {
    started = training ? clock.millis() : 0;
    lastStep = started;
    show(TrainerMeters.BUSY, training ? 1 : 0);
  }

  /** Shows how far a training is. */
  public void progress(String adapter, Method method, FitProgress progress) {
    show(TrainerMeters.LOSS, progress.loss(), adapter, word(method));
    show(
        TrainerMeters.PROGRESS,
        progress.steps() == 0 ? 1 : progress.step() / (double) progress.steps(),
        adapter,
        word(method));
  }

  /** Counts a decision and shows its figures; a decision without a challenger has none. */
  public void decided(Release release) {
    Decision decision = release.decision();
    String adapter = release.adapter();
    String method = word(release.method());
    String result = release.heldBy() == null ? word(release.state()) : "held";
    TrainerMeters.DECISIONS
        .counter(registry, adapter, method, result, decision.reason())
        .increment();
    Timers.record(
        TrainerMeters.BATCH_DURATION.timer(registry, method),
        release.batchClosedAt(),
        release.createdAt());
    gauges(TrainerMeters.FEEDBACK).raise(release.lastFeedbackAt().toEpochMilli() / 1000.0, adapter);
    if (!decision.reason().equals("superseded")) {
      boolean promoted = release.state() == Release.State.PROMOTED;
      int count = sincePromotion.merge(adapter, 1, (before, one) -> before + one);
      if (promoted) {
        sincePromotion.put(adapter, 0);
      }
      show(TrainerMeters.SINCE_PROMOTION, promoted ? 0 : count, adapter);
    }
    if (decision.holdoutRows() > 0) {
      figures(adapter, decision, release);
    }
  }

  private void figures(String adapter, Decision decision, Release release) {
    boolean serves = release.state() == Release.State.PROMOTED && release.heldBy() == null;
    show(TrainerMeters.HOLDOUT_ROWS, decision.holdoutRows(), adapter);
    accuracy(
        TrainerMeters.HOLDOUT_ACCURACY,
        adapter,
        decision.accuracy(),
        decision.championAccuracy(),
        serves);
    Decision.Frozen frozen = decision.frozen();
    if (frozen != null) {
      show(TrainerMeters.FROZEN_ROWS, frozen.rows(), adapter);
      accuracy(
          TrainerMeters.FROZEN_ACCURACY,
          adapter,
          frozen.accuracy(),
          frozen.championAccuracy(),
          serves);
    }
    Decision.Calibration calibration = decision.calibration();
    if (calibration != null) {
      show(TrainerMeters.TEMPERATURE, calibration.temperature(), adapter);
      show(TrainerMeters.CALIBRATION_ERROR, calibration.errorBefore(), adapter, "before");
      show(TrainerMeters.CALIBRATION_ERROR, calibration.errorAfter(), adapter, "after");
    }
    for (Decision.PrecisionFigures form : decision.precisions()) {
      show(TrainerMeters.PRECISION_AGREEMENT, form.agreement(), adapter, form.form());
      show(TrainerMeters.PRECISION_ACCURACY, form.accuracy(), adapter, form.form());
    }
  }

  /** A promoted challenger is the champion from then on. */
  private void accuracy(
      MeterSpec spec,
      String adapter,
      double challenger,
      @Nullable Double champion,
      boolean serves) {
    show(spec, challenger, adapter, "challenger");
    Double serving = serves ? Double.valueOf(challenger) : champion;
    if (serving != null) {
      show(spec, serving, adapter, "champion");
    }
  }

  private void show(MeterSpec spec, double value, String... labels) {
    gauges(spec).set(value, labels);
  }

  private GaugeSet gauges(MeterSpec spec) {
    return gauges.computeIfAbsent(spec, fresh -> new GaugeSet(fresh, registry));
  }

  /** Counts a training that ended. */
  public void trained(Method method, double seconds, double speed, int steps, int nonFiniteSteps) {
    Timer training = TrainerMeters.TRAINING.timer(registry, word(method));
    training.record(Duration.ofMillis((long) (seconds * 1000)));
    if (speed > 0) {
      show(TrainerMeters.EXAMPLES_PER_SECOND, speed);
    }
    TrainerMeters.STEPS.counter(registry, word(method)).increment(steps);
    nonFinite.increment(nonFiniteSteps);
  }

  /** A piece of a training is done: a step, a batch of texts, an iteration of a fit. */
  public void step() {
    lastStep = clock.millis();
  }

  /** A batch was passed over without a release. */
  public void passedOver() {
    TrainerMeters.PASSED_OVER.counter(registry).increment();
  }

  /** Counts a failure by its reason. */
  public void failed(String reason) {
    TrainerMeters.FAILURES.counter(registry, reason).increment();
  }

  /** An enum's name as a label value. */
  public static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
