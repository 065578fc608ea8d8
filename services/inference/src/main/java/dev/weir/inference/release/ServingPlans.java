package dev.weir.inference.release;

import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.ops.GaugeSet;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How operators want adapters to be served, as the adapters topic last said. Written by the
 * watcher, read by scorers without a lock; thread-safe.
 */
public final class ServingPlans {

  private final Map<String, ServingPlan> plans = new ConcurrentHashMap<>();
  private final @Nullable GaugeSet pinned;

  /** No plans yet, and nobody sees who is pinned. */
  public ServingPlans() {
    this.pinned = null;
  }

  /** No plans yet; pins are shown in {@code meters}. */
  public ServingPlans(MeterRegistry meters) {
    this.pinned = new GaugeSet(InferenceMeters.PINNED, meters);
  }

  /** The plan of an adapter; one that asks for nothing when there is none. */
  public ServingPlan of(String adapter) {
    ServingPlan plan = plans.get(adapter);
    return plan == null ? ServingPlan.none(adapter) : plan;
  }

  /** Takes a plan's place. */
  public void put(ServingPlan plan) {
    plans.put(plan.adapter(), plan);
    show(plan);
  }

  private void show(ServingPlan plan) {
    if (pinned == null) {
      return;
    }
    pinned.removeIf(labels -> labels.get(0).equals(plan.adapter()));
    ServingPlan.Pin pin = plan.pinned();
    if (pin != null) {
      pinned.set(
          (double) plan.since().getEpochSecond(),
          plan.adapter(),
          pin.rolledBackFrom() == null ? "pin" : "rollback");
    }
  }

  void remove(String adapter) {
    plans.remove(adapter);
    show(ServingPlan.none(adapter));
  }

  /** Takes the place of all plans. */
  void become(Map<String, ServingPlan> others) {
    plans.putAll(others);
    plans.keySet().retainAll(others.keySet());
    if (pinned != null) {
      pinned.removeIf(labels -> !others.containsKey(labels.get(0)));
    }
    others.values().forEach(this::show);
  }
}
