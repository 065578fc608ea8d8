package dev.weir.inference.slot;

import java.util.concurrent.TimeUnit;

/**
 * Wakes those who wait for a slot whenever one may have come free, or may be taken from its
 * adapter. Thread-safe; {@link #fire} never waits for whoever looks for a slot.
 */
final class SlotSignal {

  private long fired;

  /** To be asked before looking for a slot: what fires after that ends the wait. */
  synchronized long now() {
    return fired;
  }

  synchronized void fire() {
    fired++;
    notifyAll();
  }

  /**
   * Waits until it fired after {@code seen}.
   *
   * @param deadline in {@link System#nanoTime}
   * @return false when the time was up before
   */
  synchronized boolean await(long seen, long deadline) throws InterruptedException {
    while (fired == seen) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
    }
    return true;
  }
}
