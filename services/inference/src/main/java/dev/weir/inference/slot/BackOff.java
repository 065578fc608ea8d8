package dev.weir.inference.slot;

import java.time.Duration;

/** How long to wait before trying again: a second, doubling to a minute. */
public final class BackOff {

  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final Duration LAST = Duration.ofMinutes(1);

  private BackOff() {}

  /**
   * @param attempts how often it was tried, at least 1
   */
  public static Duration after(int attempts) {
    Duration delay = FIRST.multipliedBy(1L << Math.min(attempts - 1, 16));
    return delay.compareTo(LAST) > 0 ? LAST : delay;
  }
}
