package dev.weir.inference.slot;

import java.util.concurrent.atomic.AtomicInteger;

/** When a version was last used, and whether texts rely on finding it in memory. Thread-safe. */
final class Usage {

  private final SlotSignal signal;
  private final AtomicInteger holds = new AtomicInteger();
  private volatile long lastUsed = System.nanoTime();

  /** A version that was just put into service; {@code signal} fires when its last hold ends. */
  Usage(SlotSignal signal) {
    this.signal = signal;
  }

  void touch(long nanoTime) {
    lastUsed = nanoTime;
  }

  /** In {@link System#nanoTime}. */
  long lastUsed() {
    return lastUsed;
  }

  boolean held() {
    return holds.get() > 0;
  }

  Hold hold() {
    holds.incrementAndGet();
    return new Hold(this::end);
  }

  private void end() {
    if (holds.decrementAndGet() == 0) {
      signal.fire();
    }
  }
}
