package dev.weir.service.ops;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The gauges of one declaration, by their label values: set when something is known, and removed
 * from the registry with what they were about, so that no series outlives its subject.
 *
 * <p>Thread-safe.
 */
public final class GaugeSet {

  private final MeterSpec spec;
  private final MeterRegistry registry;
  private final Map<List<String>, Shown> shown = new ConcurrentHashMap<>();

  private static final class Shown {
    private volatile double value;
    private @Nullable Gauge gauge;
  }

  /** No gauge yet. */
  public GaugeSet(MeterSpec spec, MeterRegistry registry) {
    this.spec = spec;
    this.registry = registry;
  }

  /** Shows a value under these label values. */
  public void set(double value, String... labels) {
    shown.compute(
        List.of(labels),
        (key, known) -> {
          Shown cell = known == null ? new Shown() : known;
          cell.value = value;
          if (cell.gauge == null) {
            cell.gauge = spec.gauge(registry, () -> cell.value, labels);
          }
          return cell;
        });
  }

  /** Shows a value unless a larger one is shown already. */
  public void raise(double value, String... labels) {
    Shown known = shown.get(List.of(labels));
    if (known == null || known.value < value) {
      set(value, labels);
    }
  }

  /** Removes the gauge of these label values, if there is one. */
  public void remove(String... labels) {
    removeIf(List.of(labels)::equals);
  }

  /** Removes the gauges whose label values {@code gone} names. */
  public void removeIf(Predicate<List<String>> gone) {
    for (List<String> key : shown.keySet()) {
      if (gone.test(key)) {
        shown.computeIfPresent(
            key,
            (same, cell) -> {
              if (cell.gauge != null) {
                registry.remove(cell.gauge);
              }
              return null;
            });
      }
    }
  }
}
