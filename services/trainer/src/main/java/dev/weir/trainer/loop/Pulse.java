package dev.weir.trainer.loop;

import dev.weir.service.ops.Health.Status;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Tells a training that works from one that stands still: the fitting thread beats after each step,
 * token batch and iteration, and health looks at how long ago that was.
 *
 * <p>Thread-safe.
 */
final class Pulse {

  /** Waiting is three times as long as it takes to say so: a restart throws a training away. */
  private static final int DEAD_AFTER = 3;

  private final LongSupplier nanoTime;
  private final Duration stalled;
  private volatile Beat last = new Beat(false, 0);

  private record Beat(boolean working, long at) {}

  /**
   * A pulse at rest.
   *
   * @param stalled how long a training may go without a beat; zero for as long as it likes
   */
  Pulse(Duration stalled, LongSupplier nanoTime) {
    this.stalled = stalled;
    this.nanoTime = nanoTime;
  }

  /** A piece of work is done. */
  void beat() {
    last = new Beat(true, nanoTime.getAsLong());
  }

  /** Nothing is being worked on: no batch, or one that waits for store or broker. */
  void rest() {
    last = new Beat(false, nanoTime.getAsLong());
  }

  Status status() {
    Beat beat = last;
    if (!beat.working() || stalled.isZero()) {
      return new Status.Up("nothing is in training");
    }
    Duration silent = Duration.ofNanos(nanoTime.getAsLong() - beat.at());
    if (silent.compareTo(stalled) < 0) {
      return new Status.Up("the training goes on");
    }
    String detail =
        "the training has made no step for %d s, the limit is %d s (WEIR_TRAIN_STALLED_AFTER)"
            .formatted(silent.toSeconds(), stalled.toSeconds());
    return silent.compareTo(stalled.multipliedBy(DEAD_AFTER)) < 0
        ? new Status.Down(detail)
        : new Status.Dead(detail);
  }
}
