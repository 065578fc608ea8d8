package dev.weir.trainer;

import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.trainer.encoder.TrainingDevice;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The trainer's meters. Thread-safe. */
final class TrainerMetrics {

  private final MeterRegistry registry;
  private final Counter nonFinite;

  /** The registry holds them weakly. */
  private final Map<Shown, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();

  private final AtomicReference<Double> examplesPerSecond = new AtomicReference<>(0.0);

  private record Shown(String name, Tags tags) {}

  TrainerMetrics(MeterRegistry registry) {
    this.registry = registry;
    nonFinite =
        Counter.builder("weir.trainer.steps.nonfinite")
            .description("optimizer steps skipped for a loss or gradient that is not finite")
            .register(registry);
    registry.gauge("weir.trainer.examples.per.second", examplesPerSecond, AtomicReference::get);
  }

  /** An information gauge: always 1, what it says is in its tags. */
  void device(TrainingDevice device) {
    Gauge.builder("weir.trainer.device", () -> 1)
        .description("where adapters are trained; always 1")
        .tag("device", device.word())
        .tag("engine", "pytorch")
        .tag("version", device.engineVersion())
        .register(registry);
  }

  /** Counts a decision and shows its figures; a decision without a challenger has none. */
  void decided(Release release) {
    Decision decision = release.decision();
    Counter.builder("weir.trainer.decisions")
        .description("what the promotion gate decided")
        .tag("adapter", release.adapter())
        .tag("method", word(release.method()))
        .tag("result", release.heldBy() == null ? word(release.state()) : "held")
        .tag("reason", decision.reason())
        .register(registry)
        .increment();
    if (decision.holdoutRows() == 0) {
      return;
    }
    boolean promoted = release.state() == Release.State.PROMOTED && release.heldBy() == null;
    Tags adapter = Tags.of("adapter", release.adapter());
    show("weir.trainer.holdout.rows", adapter, (double) decision.holdoutRows());
    accuracy("holdout", adapter, decision.accuracy(), decision.championAccuracy(), promoted);
    Decision.Frozen frozen = decision.frozen();
    if (frozen != null) {
      show("weir.trainer.frozen.rows", adapter, (double) frozen.rows());
      accuracy("frozen", adapter, frozen.accuracy(), frozen.championAccuracy(), promoted);
    }
    Decision.Calibration calibration = decision.calibration();
    if (calibration != null) {
      show("weir.trainer.temperature", adapter, calibration.temperature());
      show(
          "weir.trainer.calibration.error",
          adapter.and("temperature", "before"),
          calibration.errorBefore());
      show(
          "weir.trainer.calibration.error",
          adapter.and("temperature", "after"),
          calibration.errorAfter());
    }
    for (Decision.PrecisionFigures form : decision.precisions()) {
      Tags tags = adapter.and("form", form.form());
      show("weir.trainer.precision.agreement", tags, form.agreement());
      show("weir.trainer.precision.accuracy", tags, form.accuracy());
    }
  }

  /** A promoted challenger is the champion from then on. */
  private void accuracy(
      String rows, Tags adapter, double challenger, @Nullable Double champion, boolean promoted) {
    String name = "weir.trainer." + rows + ".accuracy";
    show(name, adapter.and("role", "challenger"), challenger);
    Double serving = promoted ? Double.valueOf(challenger) : champion;
    if (serving != null) {
      show(name, adapter.and("role", "champion"), serving);
    }
  }

  private void show(String name, Tags tags, double value) {
    gauges
        .computeIfAbsent(
            new Shown(name, tags),
            key -> {
              AtomicReference<Double> held = new AtomicReference<>(value);
              registry.gauge(name, tags, held, AtomicReference::get);
              return held;
            })
        .set(value);
  }

  void trained(Method method, double seconds, double speed, int nonFiniteSteps) {
    Timer.builder("weir.trainer.training")
        .description("from having the data to having the artifact")
        .tag("method", word(method))
        .register(registry)
        .record(Duration.ofMillis((long) (seconds * 1000)));
    if (speed > 0) {
      examplesPerSecond.set(speed);
    }
    nonFinite.increment(nonFiniteSteps);
  }

  void failed(String reason) {
    registry.counter("weir.trainer.failures", "reason", reason).increment();
  }

  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
