package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.AdapterWeights;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides where the slot for a further version comes from: a larger engine, or another version's.
 * Thread-safe; changes nothing about what serves.
 */
final class SlotSupply {

  private static final Logger LOG = LoggerFactory.getLogger(SlotSupply.class);

  private final SlotTable.Opener opener;
  private final Eviction eviction;
  private volatile int mostSlots;

  SlotSupply(SlotTable.Opener opener, Eviction eviction, int mostSlots) {
    this.opener = opener;
    this.eviction = eviction;
    this.mostSlots = mostSlots;
  }

  /** Most slots that there may be: fewer than the setting's once memory was refused. */
  int mostSlots() {
    return mostSlots;
  }

  /**
   * Opens the first table.
   *
   * @param smallest opened when {@code needed} is not allowed or cannot be opened
   * @param needed what adapters needed before
   */
  SlotTable first(SlotLayout smallest, SlotLayout needed) {
    int slots = Math.min(mostSlots, Math.max(needed.slots(), smallest.slots()));
    SlotLayout layout = SlotLayouts.withSlots(needed, slots);
    if (!layout.equals(smallest) && opener.mostSlots(layout) >= slots) {
      try {
        return opener.open(layout);
      } catch (ModelException e) {
        LOG.warn("the engine cannot be opened as it was before, {}: {}", layout, e.getMessage());
      }
    }
    return opener.open(smallest);
  }

  /** The layout that a further version needs; the present one when it fits, or has to do. */
  SlotLayout layoutFor(ServingState now, AdapterWeights weights) {
    return SlotLayouts.including(
        now.layout(), weights, now.loaded(), shape -> Math.min(mostSlots, opener.mostSlots(shape)));
  }

  /**
   * Whether growing failed for want of memory and was about more slots alone: then there is no
   * growing any more, and eviction makes do with what is there.
   */
  boolean staysAsItIs(SlotLayout now, SlotLayout wanted, ModelException problem) {
    if (!problem.reason().equals("layout-too-large")
        || !wanted.equals(SlotLayouts.withSlots(now, wanted.slots()))) {
      return false;
    }
    LOG.warn("staying at {} slots and evicting: {}", now.slots(), problem.getMessage());
    mostSlots = now.slots();
    return true;
  }

  /**
   * The version that gives up its slot; empty when each one is waited for, so that it is worth
   * waiting, too.
   *
   * @throws LoadException {@code no-free-slot} if none will ever give up its slot
   */
  Optional<ServingAdapter> victim(ServingState now, AdapterId incoming) {
    Optional<ServingAdapter> victim = eviction.choose(now, incoming.adapter());
    if (victim.isEmpty() && now.versions().stream().noneMatch(eviction::evictable)) {
      throw new LoadException(
          "no-free-slot",
          "adapter %s needs a slot, and each of the %d is pinned or its adapter has no copy on this disk; raise WEIR_SERVE_MAX_SLOTS, pin fewer, or give WEIR_SERVE_CACHE_DIR room"
              .formatted(incoming, now.layout().slots()));
    }
    return victim;
  }
}
