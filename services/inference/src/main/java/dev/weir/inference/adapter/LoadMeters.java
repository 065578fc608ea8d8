package dev.weir.inference.adapter;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The meters of loading: outcomes by reason, time, and the version that serves per adapter. */
final class LoadMeters {

  private final MeterRegistry meters;
  private final AdapterRegistry registry;
  private final Set<String> gauged = ConcurrentHashMap.newKeySet();

  LoadMeters(MeterRegistry meters, AdapterRegistry registry) {
    this.meters = meters;
    this.registry = registry;
  }

  void loaded(String adapter, Duration took) {
    count("loaded", "none");
    Timer.builder("weir.inference.load.duration")
        .description("from taking up a champion record to its version answering")
        .register(meters)
        .record(took);
    if (gauged.add(adapter)) {
      gauge(adapter);
    }
  }

  private void gauge(String adapter) {
    Gauge.builder("weir.inference.adapter.version", () -> version(adapter))
        .description("the version that serves, 0 for none")
        .tag("adapter", adapter)
        .register(meters);
  }

  void failed(String reason) {
    count("failed", reason);
  }

  private void count(String result, String reason) {
    meters.counter("weir.inference.load", "result", result, "reason", reason).increment();
  }

  private int version(String adapter) {
    return registry.warm()
        ? registry.state().adapter(adapter).map(serving -> serving.id().version()).orElse(0)
        : 0;
  }
}
