package dev.weir.benchmarks.soak;

import dev.weir.benchmarks.serving.Latencies;
import java.util.concurrent.TimeUnit;

/**
 * Windows of equal length, in turns without and with swaps, and the latencies of either kind by the
 * time at which a text should have been sent. Thread-safe.
 */
final class Phases {
  private final long beganNanos;
  private final long windowNanos;
  private final Latencies quiet = new Latencies();
  private final Latencies swaps = new Latencies();

  Phases(long beganNanos, double windowSeconds) {
    this.beganNanos = beganNanos;
    this.windowNanos = (long) (windowSeconds * TimeUnit.SECONDS.toNanos(1));
  }

  /** When the swaps of a pair of windows begin, by {@link System#nanoTime}. */
  long swapsBegin(int pair) {
    return beganNanos + (2L * pair + 1) * windowNanos;
  }

  void record(long intendedNanos, long latencyNanos) {
    boolean swapping = (intendedNanos - beganNanos) / windowNanos % 2 == 1;
    (swapping ? swaps : quiet).record(true, latencyNanos);
  }

  Latencies quiet() {
    return quiet;
  }

  Latencies swaps() {
    return swaps;
  }
}
