package dev.weir.inference.access;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.EstimationProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;

/**
 * A token bucket per client: so many texts per second, and some more at once. A request without
 * texts counts as one.
 *
 * <p>A request with more texts than the bucket holds passes when the bucket is full, and leaves it
 * in debt: the client waits until that is paid. Buckets are forgotten when they must be full again,
 * so forgetting gives nobody more; {@link #MOST_CLIENTS} are kept at most, however many addresses
 * ask. Thread-safe.
 */
public final class RateLimits {

  /** Most buckets, some 300 bytes each. */
  static final int MOST_CLIENTS = 20_000;

  private final LoadingCache<String, Bucket> buckets;
  private final int burst;

  /**
   * Limits on the system's clock.
   *
   * @param perSecond texts per second and client, at least 1
   * @param burst texts at once, at least 1
   * @param largest most texts of one request
   */
  public RateLimits(int perSecond, int burst, int largest) {
    this(perSecond, burst, largest, TimeMeter.SYSTEM_NANOTIME);
  }

  RateLimits(int perSecond, int burst, int largest, TimeMeter clock) {
    this.burst = burst;
    // The deepest debt is one request of the largest size.
    long owed = (long) burst + largest;
    Duration full = Duration.ofSeconds(1 + (owed + perSecond - 1) / perSecond);
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
   * Lets in a request whose texts are not known yet: takes one of a client's texts.
   *
   * @return 0 if it may go on, else after how many seconds the next one may, rounded up
   */
  public int take(String client) {
    return take(buckets.get(client), 1, 1);
  }

  /**
   * Takes the texts of a request that {@link #take} let in, beyond its first one. Where they are
   * refused, so is the request, and that first one is given back.
   *
   * @return 0 if it may go on, else after how many seconds it may be sent again, rounded up
   */
  public int more(String client, int texts) {
    if (texts <= 0) {
      return 0;
    }
    Bucket bucket = buckets.get(client);
    // A bucket that was full has one less now.
    int seconds = take(bucket, texts, Math.min(texts, burst - 1));
    if (seconds > 0) {
      bucket.addTokens(1);
    }
    return seconds;
  }

  /** Takes {@code texts} where {@code needed} are there. */
  private static int take(Bucket bucket, int texts, int needed) {
    synchronized (bucket) {
      if (needed > 0) {
        EstimationProbe there = bucket.estimateAbilityToConsume(needed);
        if (!there.canBeConsumed()) {
          return (int)
              Math.max(1, (there.getNanosToWaitForRefill() + 999_999_999L) / 1_000_000_000L);
        }
      }
      bucket.consumeIgnoringRateLimits(texts);
      return 0;
    }
  }

  /** How many buckets are kept. */
  long clients() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }
}
