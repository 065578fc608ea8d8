package dev.weir.inference.access;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;

/**
 * A token bucket per client: so many requests per second, and some more at once.
 *
 * <p>Buckets are full again after {@code burst / perSecond} seconds without a request, and are
 * forgotten then at the earliest, so forgetting gives nobody more; {@link #MOST_CLIENTS} are kept
 * at most, however many addresses ask. Thread-safe.
 */
public final class RateLimits {

  /** Most buckets, some 300 bytes each. */
  static final int MOST_CLIENTS = 20_000;

  private final LoadingCache<String, Bucket> buckets;

  /**
   * Limits on the system's clock.
   *
   * @param perSecond requests per second and client, at least 1
   * @param burst requests at once, at least 1
   */
  public RateLimits(int perSecond, int burst) {
    this(perSecond, burst, TimeMeter.SYSTEM_NANOTIME);
  }

  RateLimits(int perSecond, int burst, TimeMeter clock) {
    Duration full = Duration.ofSeconds(1 + (burst + perSecond - 1) / perSecond);
    buckets =
        Caffeine.newBuilder()
            .maximumSize(MOST_CLIENTS)
            .expireAfterAccess(full)
            .executor(Runnable::run)
            .ticker(clock::currentTimeNanos)
            .build(client -> bucket(perSecond, burst, clock));
  }

  private static Bucket bucket(int perSecond, int burst, TimeMeter clock) {
    return Bucket.builder()
        .addLimit(limit -> limit.capacity(burst).refillGreedy(perSecond, Duration.ofSeconds(1)))
        .withCustomTimePrecision(clock)
        .build();
  }

  /**
   * Takes one request of a client's.
   *
   * @return 0 if it may go on, else after how many seconds the next one may, rounded up
   */
  public int take(String client) {
    ConsumptionProbe probe = buckets.get(client).tryConsumeAndReturnRemaining(1);
    if (probe.isConsumed()) {
      return 0;
    }
    return (int) Math.max(1, (probe.getNanosToWaitForRefill() + 999_999_999L) / 1_000_000_000L);
  }

  /** How many buckets are kept. */
  long clients() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }
}
