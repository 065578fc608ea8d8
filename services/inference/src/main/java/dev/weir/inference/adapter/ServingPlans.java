package dev.weir.inference.adapter;

import dev.weir.common.adapter.ServingPlan;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How operators want adapters to be served, as the adapters topic last said. Written by the
 * watcher, read by scorers without a lock; thread-safe.
 */
public final class ServingPlans {

  private final Map<String, ServingPlan> plans = new ConcurrentHashMap<>();

  /** The plan of an adapter; one that asks for nothing when there is none. */
  public ServingPlan of(String adapter) {
    ServingPlan plan = plans.get(adapter);
    return plan == null ? ServingPlan.none(adapter) : plan;
  }

  /** Takes a plan's place. */
  public void put(ServingPlan plan) {
    plans.put(plan.adapter(), plan);
  }

  void remove(String adapter) {
    plans.remove(adapter);
  }

  /** Takes the place of all plans. */
  void become(Map<String, ServingPlan> others) {
    plans.putAll(others);
    plans.keySet().retainAll(others.keySet());
  }
}
