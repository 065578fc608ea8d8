package dev.weir.inference.adapter;

import dev.weir.inference.adapter.ServingAdapter.Residence;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/** The gauges of slots: how many there are, and where the versions in service are. */
final class SlotMeters {

  private SlotMeters() {}

  static void bind(AdapterRegistry registry, MeterRegistry meters) {
    Gauge.builder(
            "weir.inference.slots", () -> registry.warm() ? registry.state().layout().slots() : 0)
        .description("adapter slots of the engine")
        .register(meters);
    for (Residence residence : Residence.values()) {
      Gauge.builder("weir.inference.versions", () -> count(registry, residence))
          .description("adapter versions in service, by where they are")
          .tag("state", residence.id())
          .register(meters);
    }
  }

  private static long count(AdapterRegistry registry, Residence residence) {
    return registry.warm()
        ? registry.state().versions().stream()
            .filter(version -> version.residence() == residence)
            .count()
        : 0;
  }
}
