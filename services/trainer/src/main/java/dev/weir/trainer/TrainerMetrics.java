package dev.weir.trainer;

import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.trainer.encoder.TrainingDevice;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;

/** The trainer's meters. Thread-safe. */
final class TrainerMetrics {

  private final MeterRegistry registry;
  private final Counter nonFinite;
  private final AtomicReference<Double> examplesPerSecond = new AtomicReference<>(0.0);

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

  void decided(Release release) {
    registry
        .counter(
            "weir.trainer.decisions",
            "result",
            word(release.state()),
            "reason",
            release.decision().reason(),
            "method",
            word(release.method()))
        .increment();
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
