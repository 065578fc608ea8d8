package dev.weir.inference.slot;

import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Chooses whose slot goes to another version: the least recently used one that is neither pinned
 * nor waited for, and whose numbers are on disk. Thread-safe.
 */
final class Eviction {

  private final Set<String> pinned;
  private final Predicate<String> onDisk;

  /**
   * @param pinned names of adapters that are never evicted
   * @param onDisk whether the version of a digest can be loaded again without the store
   */
  Eviction(Set<String> pinned, Predicate<String> onDisk) {
    this.pinned = Set.copyOf(pinned);
    this.onDisk = onDisk;
  }

  boolean pinned(String adapter) {
    return pinned.contains(adapter);
  }

  /** Whether a version may ever be evicted. */
  boolean evictable(ServingAdapter version) {
    return version.residence() == ServingAdapter.Residence.LOADED
        && !version.pinned()
        && onDisk.test(version.digest());
  }

  /**
   * The version to evict now, or empty when each one is pinned, waited for, or not on disk.
   *
   * @param incoming the adapter that needs the slot: its own versions go last
   */
  Optional<ServingAdapter> choose(ServingState state, String incoming) {
    return state.versions().stream()
        .filter(version -> evictable(version) && !version.usage().held())
        .min(
            Comparator.comparing(
                    (ServingAdapter version) -> version.id().adapter().equals(incoming))
                .thenComparingLong(version -> version.usage().lastUsed()));
  }
}
