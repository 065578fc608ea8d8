package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.Precision;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What answers now: versions of adapters, their slots all in one engine, and for each adapter which
 * of them is its champion. Beside them it knows the {@link #retired} ones. Immutable; a release or
 * an eviction replaces it as a whole.
 */
public final class ServingState {

  private final Engine engine;
  private final Map<AdapterId, ServingAdapter> versions;
  private final Map<String, AdapterId> champions;
  private final Map<String, ServingAdapter> retired;

  /** A state without retired versions; each champion is one of the versions. */
  ServingState(
      Engine engine, Map<AdapterId, ServingAdapter> versions, Map<String, AdapterId> champions) {
    this(engine, versions, champions, Map.of());
  }

  private ServingState(
      Engine engine,
      Map<AdapterId, ServingAdapter> versions,
      Map<String, AdapterId> champions,
      Map<String, ServingAdapter> retired) {
    this.engine = engine;
    this.versions = Map.copyOf(versions);
    this.champions = Map.copyOf(champions);
    this.retired = Map.copyOf(retired);
  }

  /** The champion of an adapter, or empty when there is none. */
  public Optional<ServingAdapter> adapter(String name) {
    AdapterId champion = champions.get(name);
    return champion == null ? Optional.empty() : version(champion);
  }

  /** A version in service, be it the champion or one beside it; empty when it is not. */
  public Optional<ServingAdapter> version(AdapterId id) {
    return Optional.ofNullable(versions.get(id));
  }

  /** All champions by adapter name, sorted. */
  public Map<String, ServingAdapter> adapters() {
    Map<String, ServingAdapter> serving = new TreeMap<>();
    champions.forEach((name, id) -> version(id).ifPresent(adapter -> serving.put(name, adapter)));
    return serving;
  }

  /** All versions in service, champions and others. */
  public Collection<ServingAdapter> versions() {
    return versions.values();
  }

  /** The engine's shape. */
  public SlotLayout layout() {
    return engine.layout();
  }

  /** The precisions that a session is open for. */
  public Set<Precision> precisions() {
    return engine.precisions();
  }

  /** The ONNX Runtime execution providers that an actual run in each opened precision used. */
  public Map<Precision, Set<String>> providers() {
    return engine.providers();
  }

  /** The same of the merged version's own session, by its precision; empty without one. */
  public Map<Precision, Set<String>> mergedProviders() {
    Map<Precision, Set<String>> providers = new TreeMap<>();
    for (ServingAdapter version : versions.values()) {
      Placement placement = version.placement();
      if (placement != null && !placement.inSlot()) {
        providers
            .computeIfAbsent(version.precision(), precision -> new TreeSet<>())
            .addAll(placement.providers());
      }
    }
    return providers;
  }

  Engine engine() {
    return engine;
  }

  /**
   * By adapter the version that went out of service last, if it is still in its slot: it answers
   * nothing, can be put back at once, and leaves when another version needs the slot.
   */
  Map<String, ServingAdapter> retired() {
    return retired;
  }

  /** How many versions are in slots. */
  int loaded() {
    return (int) versions.values().stream().filter(ServingState::inSlot).count();
  }

  static boolean inSlot(ServingAdapter version) {
    Placement placement = version.placement();
    return placement != null && placement.inSlot();
  }

  Map<String, AdapterId> champions() {
    return champions;
  }

  /** The state with one version put in or replaced; roles stay. */
  ServingState with(ServingAdapter adapter) {
    return new ServingState(engine, changed(versions, adapter.id(), adapter), champions, retired);
  }

  /** The state in which a retired version serves again, as {@code back}; roles stay. */
  ServingState reinstated(ServingAdapter back) {
    return withRetired(back.id().adapter(), null).with(back);
  }

  /** The state with another retired version of an adapter, or with none. */
  ServingState withRetired(String adapter, @Nullable ServingAdapter version) {
    return new ServingState(engine, versions, champions, changed(retired, adapter, version));
  }

  /** The state without some versions, and with another champion of an adapter, or with none. */
  ServingState settled(String adapter, @Nullable AdapterId champion, Set<AdapterId> gone) {
    Map<AdapterId, ServingAdapter> rest = new HashMap<>(versions);
    rest.keySet().removeAll(gone);
    return new ServingState(engine, rest, changed(champions, adapter, champion), retired);
  }

  /** A copy with another value for a key, or without the key. */
  private static <K, V> Map<K, V> changed(Map<K, V> map, K key, @Nullable V value) {
    Map<K, V> copy = new HashMap<>(map);
    if (value == null) {
      copy.remove(key);
    } else {
      copy.put(key, value);
    }
    return copy;
  }

  /**
   * Leases of the engine and of those versions that are in memory, or null when a newer state is
   * out.
   */
  @Nullable Lease tryLease(Set<AdapterId> wanted) {
    if (!engine.acquire()) {
      return null;
    }
    long now = System.nanoTime();
    Map<AdapterId, ServingAdapter> leased = new HashMap<>();
    Lease lease = new Lease(this, leased);
    for (AdapterId id : wanted) {
      ServingAdapter version = versions.get(id);
      Placement placement = version == null ? null : version.placement();
      if (version == null || placement == null) {
        continue;
      }
      if (!placement.uses().acquire()) {
        lease.close();
        return null;
      }
      version.usage().touch(now);
      leased.put(id, version);
    }
    return lease;
  }
}
