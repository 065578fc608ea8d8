package dev.weir.service.kafka;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the time of day was set back.
 *
 * <p>Kafka's clients tell by the time of day when the next heartbeat and the next commit are due,
 * and the broker tells by a clock that only runs forward when a member of a group has been silent
 * for too long. So when somebody sets the clock back by an hour, a member sends no heartbeat for an
 * hour, is thrown out, and does not notice. New clients start from the new time: whoever owns a
 * client of a group asks here between two polls, and opens it anew.
 *
 * <p>A clock that is slowed down or pushed back by less than a heartbeat is none of this. For one
 * thread.
 */
public final class ClockStep {

  /** A heartbeat that is late by so much does no harm yet. */
  private static final Duration TOLERATED = Duration.ofSeconds(3);

  private final LongSupplier wallMs;
  private final LongSupplier nanos;
  private long latestMs;

  /** Watches from now on. */
  public ClockStep() {
    this(System::currentTimeMillis, System::nanoTime);
  }

  ClockStep(LongSupplier wallMs, LongSupplier nanos) {
    this.wallMs = wallMs;
    this.nanos = nanos;
    this.latestMs = offsetMs();
  }

  /** By how much the clock was set back since the last call, or null if it was not. */
  public @Nullable Duration setBack() {
    long now = offsetMs();
    long back = latestMs - now;
    // Small steps add up until they matter; a step forward makes up for them.
    if (back < 0) {
      latestMs = now;
      return null;
    }
    if (back < TOLERATED.toMillis()) {
      return null;
    }
    latestMs = now;
    return Duration.ofMillis(back);
  }

  /**
   * Ends the work with clients that were opened before the clock was set back.
   *
   * @throws KafkaException if it was, since the last call
   */
  public void requireNotSetBack() {
    Duration back = setBack();
    if (back != null) {
      throw new KafkaException(
          "the clock was set back by " + back.toSeconds() + " s: Kafka's clients begin anew");
    }
  }

  /** The same when only the clock that runs forward has moved on. */
  private long offsetMs() {
    return wallMs.getAsLong() - TimeUnit.NANOSECONDS.toMillis(nanos.getAsLong());
  }
}
