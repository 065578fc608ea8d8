package dev.weir.inference.http.events;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of events that may wait for all listeners together: each has a bound of its own, and a
 * hundred that do not read would still take all memory. Thread-safe.
 */
final class StreamBudget {

  private static final int SHARE_OF_HEAP = 16;
  private static final int LEAST = 1 << 20;
  private static final int MOST_PER_LISTENER = 8 << 20;

  private final long most;
  private final AtomicLong taken = new AtomicLong();

  StreamBudget(long most) {
    this.most = most;
  }

  /** A sixteenth of the heap. */
  static StreamBudget ofHeap() {
    return new StreamBudget(Math.max(LEAST, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP));
  }

  /** Bytes that may wait for one listener: a quarter at most, so that one alone uses up nothing. */
  long perListener() {
    return Math.min(MOST_PER_LISTENER, most / 4);
  }

  /** Takes bytes unless that would be more than there are. */
  boolean take(long bytes) {
    if (taken.addAndGet(bytes) > most) {
      taken.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  long taken() {
    return taken.get();
  }
}
