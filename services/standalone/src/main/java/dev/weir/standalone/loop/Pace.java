package dev.weir.standalone.loop;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Holds a producer to a number of rows per second; for one thread. */
public final class Pace {

  private final double nanosPerRow;
  private double next;

  /** At most {@code rowsPerSecond}; 0 for no limit. */
  public Pace(double rowsPerSecond) {
    this.nanosPerRow = rowsPerSecond <= 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / rowsPerSecond;
    this.next = System.nanoTime();
  }

  /** Waits for the next row's turn; returns at once when the thread is interrupted. */
  public void await() {
    if (nanosPerRow == 0) {
      return;
    }
    long now = System.nanoTime();
    // Time that was lost is not made up for: a pause must not be followed by a burst.
    next = Math.max(next, now - nanosPerRow);
    while (next > now && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos((long) (next - now));
      now = System.nanoTime();
    }
    next += nanosPerRow;
  }
}
