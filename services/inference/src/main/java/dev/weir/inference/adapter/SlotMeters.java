package dev.weir.inference.adapter;

import dev.weir.common.ops.GaugeSet;
import dev.weir.inference.adapter.ServingAdapter.Residence;
import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.ToLongFunction;

/** The gauges of slots: how many there are, where the versions in service are, and who serves. */
final class SlotMeters {

  private SlotMeters() {}

  static void bind(AdapterRegistry registry, MeterRegistry meters) {
    InferenceMeters.SLOTS.gauge(meters, () -> of(registry, state -> state.layout().slots()));
    InferenceMeters.ADAPTERS_SERVING.gauge(
        meters, () -> of(registry, state -> state.champions().size()));
    GaugeSet providers = new GaugeSet(InferenceMeters.PROVIDER, meters);
    registry.listen(
        state ->
            state
                .providers()
                .forEach(
                    (precision, used) ->
                        used.forEach(provider -> providers.set(1, precision.id(), provider))));
    for (Residence residence : Residence.values()) {
      InferenceMeters.VERSIONS.gauge(
          meters, () -> of(registry, state -> count(state, residence)), residence.id());
    }
  }

  private static long of(AdapterRegistry registry, ToLongFunction<ServingState> number) {
    return registry.warm() ? number.applyAsLong(registry.state()) : 0;
  }

  private static long count(ServingState state, Residence residence) {
    return state.versions().stream().filter(version -> version.residence() == residence).count();
  }
}
