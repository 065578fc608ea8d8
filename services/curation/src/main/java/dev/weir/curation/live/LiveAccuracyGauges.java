package dev.weir.curation.live;

import dev.weir.common.adapter.AdapterId;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The gauges {@code weir.curation.live.accuracy}, one per adapter version that is remembered: their
 * number stays bounded while versions come and go.
 *
 * <p>Thread-safe; shared by the tasks of a process.
 */
public final class LiveAccuracyGauges {

  private final MeterRegistry registry;
  private final ConcurrentMap<AdapterId, Double> values = new ConcurrentHashMap<>();
  private final ConcurrentMap<AdapterId, Gauge> gauges = new ConcurrentHashMap<>();

  /** Registers with {@code registry}. */
  public LiveAccuracyGauges(MeterRegistry registry) {
    this.registry = registry;
  }

  void show(String adapter, LiveAccuracy before, LiveAccuracy now) {
    before.windows().stream()
        .filter(old -> now.windows().stream().noneMatch(kept -> kept.version() == old.version()))
        .forEach(gone -> remove(new AdapterId(adapter, gone.version())));
    now.windows().forEach(window -> set(new AdapterId(adapter, window.version()), window));
  }

  private void set(AdapterId id, LiveAccuracy.Window window) {
    values.put(id, window.accuracy());
    gauges.computeIfAbsent(
        id,
        added ->
            Gauge.builder(
                    "weir.curation.live.accuracy",
                    values,
                    map -> map.getOrDefault(added, Double.NaN))
                .description("share of served answers that feedback confirmed, of the last 200")
                .tag("adapter", added.adapter())
                .tag("version", Integer.toString(added.version()))
                .register(registry));
  }

  private void remove(AdapterId id) {
    values.remove(id);
    Gauge gauge = gauges.remove(id);
    if (gauge != null) {
      registry.remove(gauge);
    }
  }
}
