package dev.weir.inference.slot;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who uses a thing, the publisher included, and says once when nobody does.
 *
 * <p>Starts at one: published. Lock-free and thread-safe. After it has reached zero it stays there:
 * a late user is refused instead of finding a slot rewritten or a session closed under it.
 */
final class UseCount {

  private final AtomicInteger count = new AtomicInteger(1);
  private final Runnable whenUnused;

  /** Runs {@code whenUnused} on the thread that gives back the last use. */
  UseCount(Runnable whenUnused) {
    this.whenUnused = whenUnused;
  }

  /** Takes one use, unless the last one is already back. */
  boolean acquire() {
    for (int now = count.get(); now > 0; now = count.get()) {
      if (count.compareAndSet(now, now + 1)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Gives one use back.
   *
   * @throws IllegalStateException if all are back already; the count stays zero
   */
  void release() {
    while (true) {
      int now = count.get();
      if (now == 0) {
        throw new IllegalStateException("released more often than acquired");
      }
      if (count.compareAndSet(now, now - 1)) {
        if (now == 1) {
          whenUnused.run();
        }
        return;
      }
    }
  }

  int current() {
    return count.get();
  }
}
