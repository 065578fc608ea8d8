package dev.weir.inference.slot;

import java.time.Duration;
import java.util.Set;

/**
 * How many slots there are, and who keeps his.
 *
 * @param initial slots of the first engine, at least 2
 * @param most slots are doubled up to this number, at least 2; beyond, adapters are evicted
 * @param pinned names of adapters that are never evicted
 * @param longestWait how long a text waits for its evicted adapter
 */
public record SlotPolicy(int initial, int most, Set<String> pinned, Duration longestWait) {

  /** The first engine has no more slots than there may ever be. */
  public SlotPolicy {
    pinned = Set.copyOf(pinned);
    initial = Math.min(initial, most);
  }
}
