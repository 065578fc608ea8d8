package dev.weir.inference.adapter;

import java.util.Set;

/**
 * How many slots there are, and who keeps his.
 *
 * @param initial slots of the first engine, at least 2
 * @param most slots are doubled up to this number, at least 2; beyond, adapters are evicted
 * @param pinned names of adapters that are never evicted
 */
public record SlotPolicy(int initial, int most, Set<String> pinned) {

  /** The first engine has no more slots than there may ever be. */
  public SlotPolicy {
    pinned = Set.copyOf(pinned);
    initial = Math.min(initial, most);
  }
}
