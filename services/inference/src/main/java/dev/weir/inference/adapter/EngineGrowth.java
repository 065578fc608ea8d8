package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Fills a new engine with what the old one holds, from memory to memory. Versions for which the new
 * one has no room, because its slots are larger and therefore fewer, are evicted; the most recently
 * used ones keep theirs. Stateless but for its policy; the caller keeps changes apart.
 */
final class EngineGrowth {

  private final Eviction eviction;

  EngineGrowth(Eviction eviction) {
    this.eviction = eviction;
  }

  /**
   * The versions of a state as they are with the new engine; those in sessions of their own stay
   * where they are.
   *
   * @param replaced a version that is not moved
   * @throws LoadException {@code no-free-slot} if versions that may not be evicted do not fit
   */
  Map<AdapterId, ServingAdapter> move(ServingState now, Engine engine, AdapterId replaced) {
    Map<AdapterId, ServingAdapter> moved = new HashMap<>();
    now.versions().forEach(version -> moved.put(version.id(), version));
    List<ServingAdapter> loaded =
        now.versions().stream()
            .filter(ServingState::inSlot)
            .filter(version -> !version.id().equals(replaced))
            .sorted(
                Comparator.comparing((ServingAdapter version) -> eviction.evictable(version))
                    .thenComparing(version -> !version.usage().held())
                    .thenComparing(
                        version -> version.usage().lastUsed(), Comparator.reverseOrder()))
            .toList();
    int room = engine.layout().slots() - 1;
    for (ServingAdapter version : loaded) {
      if (room > 0) {
        moved.put(version.id(), copy(version, now.engine(), engine));
        room--;
      } else if (eviction.evictable(version)) {
        moved.put(version.id(), version.at(null));
      } else {
        throw new LoadException(
            "no-free-slot",
            "memory allows %d slots of %s, and more adapters than that are pinned or without a copy on this disk; raise WEIR_SERVE_SLOT_MEMORY_MB, pin fewer, or train with a smaller rank"
                .formatted(engine.layout().slots(), engine.layout()));
      }
    }
    return moved;
  }

  private static ServingAdapter copy(ServingAdapter version, Engine from, Engine to) {
    int slot = take(to);
    to.table().copy(slot, from.table(), version.slot());
    return version.at(Placement.slot(to, version.precision(), slot));
  }

  /** The version in a slot of a new engine. */
  static ServingAdapter write(Engine engine, ServingAdapter version, AdapterWeights weights) {
    int slot = take(engine);
    engine.table().write(slot, weights);
    return version.at(Placement.slot(engine, version.precision(), slot));
  }

  private static int take(Engine engine) {
    return engine
        .takeSlot()
        .orElseThrow(() -> new IllegalStateException("a new engine has too few slots"));
  }
}
