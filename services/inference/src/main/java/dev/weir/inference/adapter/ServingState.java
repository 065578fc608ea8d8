package dev.weir.inference.adapter;

import dev.weir.common.model.SlotLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What answers now: the serving version of each adapter, all in one engine. Immutable; a release
 * replaces it as a whole.
 */
public final class ServingState {

  private final Engine engine;
  private final Map<String, ServingAdapter> adapters;

  ServingState(Engine engine, Map<String, ServingAdapter> adapters) {
    this.engine = engine;
    this.adapters = Map.copyOf(adapters);
  }

  /** The serving version of an adapter, or empty when there is none. */
  public Optional<ServingAdapter> adapter(String name) {
    return Optional.ofNullable(adapters.get(name));
  }

  /** All serving versions by adapter name. */
  public Map<String, ServingAdapter> adapters() {
    return adapters;
  }

  /** The engine's shape. */
  public SlotLayout layout() {
    return engine.layout();
  }

  Engine engine() {
    return engine;
  }

  /** The state with one adapter put in or replaced. */
  ServingState with(ServingAdapter adapter) {
    Map<String, ServingAdapter> next = new HashMap<>(adapters);
    next.put(adapter.id().adapter(), adapter);
    return new ServingState(engine, next);
  }

  /** The state without one adapter. */
  ServingState without(String adapter) {
    Map<String, ServingAdapter> next = new HashMap<>(adapters);
    next.remove(adapter);
    return new ServingState(engine, next);
  }

  /** Leases of the engine and of those adapters that serve, or null when a newer state is out. */
  @Nullable Lease tryLease(Set<String> names) {
    if (!engine.acquire()) {
      return null;
    }
    Map<String, ServingAdapter> leased = new HashMap<>();
    Lease lease = new Lease(engine, leased);
    for (String name : names) {
      ServingAdapter adapter = adapters.get(name);
      if (adapter == null) {
        continue;
      }
      if (!adapter.uses().acquire()) {
        lease.close();
        return null;
      }
      leased.put(name, adapter);
    }
    return lease;
  }
}
