package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.weights.AdapterWeights;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a larger engine and fills it with what the old one holds, from memory to memory. Versions
 * for which the new one has no room, because its slots are larger and therefore fewer, are evicted;
 * the most recently used ones keep theirs. The caller keeps changes apart.
 */
final class EngineGrowth {

  private static final Logger LOG = LoggerFactory.getLogger(EngineGrowth.class);

  private final SlotTable.Opener opener;
  private final Eviction eviction;
  private final Probe probe;
  private final SlotSignal signal;

  EngineGrowth(SlotTable.Opener opener, Eviction eviction, Probe probe, SlotSignal signal) {
    this.opener = opener;
    this.eviction = eviction;
    this.probe = probe;
    this.signal = signal;
  }

  /**
   * The state with a larger engine and one more version, tried and ready to be published; the old
   * one is as it was. {@code null} when the version is no longer wanted.
   *
   * @param stillWanted asked last
   * @throws RuntimeException if there is no memory for it, or the version cannot be used
   */
  @Nullable ServingState grow(
      ServingState now,
      SlotLayout layout,
      ServingAdapter fresh,
      AdapterWeights weights,
      BooleanSupplier stillWanted) {
    LOG.info("growing the slot table from {} to {}", now.layout(), layout);
    Engine engine = new Engine(opener.open(layout), signal);
    boolean done = false;
    try {
      Map<AdapterId, ServingAdapter> moved = move(now, engine, fresh.id());
      int slot = take(engine);
      engine.table().write(slot, weights);
      ServingAdapter placed =
          fresh.at(Placement.slot(engine, engine.lane(fresh.precision()), slot));
      moved.put(placed.id(), placed);
      engine.precisions().forEach(each -> probe.warmUp(engine.lane(each)));
      probe.check(placed);
      done = stillWanted.getAsBoolean();
      return done ? new ServingState(engine, moved, now.champions()) : null;
    } finally {
      if (!done) {
        engine.release();
      }
    }
  }

  /**
   * The versions of a state as they are with the new engine; those in sessions of their own stay
   * where they are.
   *
   * @param replaced a version that is not moved
   * @throws LoadException {@code no-free-slot} if versions that may not be evicted do not fit
   */
  private Map<AdapterId, ServingAdapter> move(ServingState now, Engine engine, AdapterId replaced) {
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
    return version.at(Placement.slot(to, to.lane(version.precision()), slot));
  }

  private static int take(Engine engine) {
    return engine
        .takeSlot()
        .orElseThrow(() -> new IllegalStateException("a new engine has too few slots"));
  }
}
