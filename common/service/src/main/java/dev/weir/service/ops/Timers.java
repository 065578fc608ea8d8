package dev.weir.service.ops;

import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;

/**
 * Records into timers what came from outside or from a clock that was set: negative durations count
 * as none, and those beyond 292 years, which a timer cannot hold in nanoseconds, as 292 years. A
 * meter must not decide about what it measures, so nothing here throws.
 */
public final class Timers {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private Timers() {}

  /** Records the time from one instant to another. */
  public static void record(Timer timer, Instant from, Instant to) {
    timer.record(clamped(Duration.between(from, to)));
  }

  /** What a timer can hold of a duration. */
  static Duration clamped(Duration duration) {
    if (duration.isNegative()) {
      return Duration.ZERO;
    }
    return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
  }
}
