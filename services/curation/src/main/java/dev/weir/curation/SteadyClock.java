package dev.weir.curation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Tells how long something has lasted: it starts at the time of day and never jumps, whoever sets
 * the clock. Thread-safe.
 */
final class SteadyClock implements InstantSource {

  private final Instant start = Instant.now();
  private final long startNanos = System.nanoTime();

  @Override
  public Instant instant() {
    return start.plus(Duration.ofNanos(System.nanoTime() - startNanos));
  }
}
