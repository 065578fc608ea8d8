package dev.weir.inference.slot;

import dev.weir.inference.meter.InferenceMeters;
import dev.weir.inference.slot.ServingAdapter.Residence;
import dev.weir.model.spec.Precision;
import dev.weir.service.ops.GaugeSet;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;

/** The gauges of slots: how many there are, where the versions in service are, and who serves. */
final class SlotMeters {

  private SlotMeters() {}

  static void bind(AdapterRegistry registry, MeterRegistry meters) {
    InferenceMeters.SLOTS.gauge(meters, () -> of(registry, state -> state.layout().slots()));
    InferenceMeters.INTERNAL_ERRORS.counter(meters, "state-listener");
    InferenceMeters.SLOTS_LOST.gauge(meters, registry::lostSlots);
    InferenceMeters.ADAPTERS_SERVING.gauge(
        meters, () -> of(registry, state -> state.champions().size()));
    InferenceMeters.VERSIONS_UNCOPIED.gauge(meters, registry::uncopied);
    GaugeSet providers = new GaugeSet(InferenceMeters.PROVIDER, meters);
    registry.listen(state -> show(state, providers));
    for (Residence residence : Residence.values()) {
      InferenceMeters.VERSIONS.gauge(
          meters, () -> of(registry, state -> count(state, residence)), residence.id());
    }
  }

  /** Sessions come with the first adapter of a precision; a merged one also goes. */
  private static void show(ServingState state, GaugeSet providers) {
    Set<List<String>> now = new HashSet<>();
    state.providers().forEach((precision, used) -> add(now, "slots", precision, used));
    state.mergedProviders().forEach((precision, used) -> add(now, "merged", precision, used));
    now.forEach(labels -> providers.set(1, labels.toArray(String[]::new)));
    providers.removeIf(labels -> !now.contains(labels));
  }

  private static void add(
      Set<List<String>> labels, String session, Precision precision, Set<String> used) {
    used.forEach(provider -> labels.add(List.of(session, precision.id(), provider)));
  }

  private static long of(AdapterRegistry registry, ToLongFunction<ServingState> number) {
    return registry.warm() ? number.applyAsLong(registry.state()) : 0;
  }

  private static long count(ServingState state, Residence residence) {
    return state.versions().stream().filter(version -> version.residence() == residence).count();
  }
}
