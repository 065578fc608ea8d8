package dev.weir.inference.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.bucket4j.TimeMeter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RateLimitsTest {

  private static final long SECOND = 1_000_000_000L;

  private final AtomicLong now = new AtomicLong();
  private final TimeMeter clock =
      new TimeMeter() {
        @Override
        public long currentTimeNanos() {
          return now.get();
        }

        @Override
        public boolean isWallClockBased() {
          return false;
        }
      };

  @Test
  void aClientMayGoOnAfterTheSecondsItIsTold() {
    RateLimits limits = new RateLimits(2, 3, 1000, clock);
    for (int i = 0; i < 3; i++) {
      assertThat(limits.take("a")).isZero();
    }
    assertThat(limits.take("a")).isEqualTo(1);
    assertThat(limits.take("b")).isZero();
    now.addAndGet(SECOND);
    assertThat(limits.take("a")).isZero();
    assertThat(limits.take("a")).isZero();
    assertThat(limits.take("a")).isPositive();
  }

  @Test
  void aRequestLargerThanTheBurstPassesWhenTheBucketIsFullAndLeavesItInDebt() {
    RateLimits limits = new RateLimits(10, 100, 1000, clock);
    assertThat(limits.take("bulk")).isZero();
    assertThat(limits.more("bulk", 999)).isZero();
    assertThat(limits.take("bulk")).as("900 texts too many at 10 a second").isEqualTo(91);
    assertThat(limits.take("other")).isZero();
    now.addAndGet(91 * SECOND);
    assertThat(limits.clients()).as("debts are remembered").isEqualTo(2);
    assertThat(limits.take("bulk")).isZero();
    assertThat(limits.more("bulk", 999)).as("not before it is full again").isPositive();
    now.addAndGet(10 * SECOND);
    assertThat(limits.take("bulk")).isZero();
    assertThat(limits.more("bulk", 999)).isZero();
  }

  @Test
  void aRefusedRequestCostsNothing() {
    RateLimits limits = new RateLimits(1, 10, 1000, clock);
    assertThat(limits.take("a")).isZero();
    assertThat(limits.more("a", 4)).isZero();
    for (int i = 0; i < 20; i++) {
      assertThat(limits.take("a")).isZero();
      assertThat(limits.more("a", 7)).as("5 are left, 8 are wanted").isEqualTo(3);
    }
    now.addAndGet(3 * SECOND);
    assertThat(limits.take("a")).isZero();
    assertThat(limits.more("a", 7)).isZero();
  }

  /** Whatever the sizes: a client's texts stay below rate and burst, but for one request. */
  @Property(tries = 100)
  void splittingARequestGainsNothing(
      @ForAll @IntRange(min = 1, max = 50) int perSecond,
      @ForAll @IntRange(min = 1, max = 50) int burst,
      @ForAll @Size(min = 1, max = 100) List<@IntRange(min = 1, max = 200) Integer> sizes) {
    now.set(0);
    RateLimits limits = new RateLimits(perSecond, burst, 200, clock);
    long passed = 0;
    int largest = 0;
    for (int texts : sizes) {
      now.addAndGet(SECOND / 3);
      if (limits.take("client") == 0 && limits.more("client", texts - 1) == 0) {
        passed += texts;
        largest = Math.max(largest, texts);
      }
      assertThat(passed).isLessThanOrEqualTo(burst + largest + now.get() * perSecond / SECOND);
    }
  }

  /** Whatever the pauses: no more than the burst and what has been refilled since the start. */
  @Property(tries = 100)
  void nobodyGetsMoreThanBurstAndRate(
      @ForAll @IntRange(min = 1, max = 50) int perSecond,
      @ForAll @IntRange(min = 1, max = 50) int burst,
      @ForAll @Size(min = 1, max = 200) List<@IntRange(max = 3_000) Integer> pausesMs) {
    now.set(0);
    RateLimits limits = new RateLimits(perSecond, burst, 1000, clock);
    long taken = 0;
    for (int pause : pausesMs) {
      now.addAndGet(pause * 1_000_000L);
      for (int i = 0; i < 7; i++) {
        taken += limits.take("client") == 0 ? 1 : 0;
      }
      assertThat(taken).isLessThanOrEqualTo(burst + now.get() * perSecond / SECOND);
    }
  }

  @Test
  void addressesWithoutEndTakeBoundedMemory() {
    RateLimits limits = new RateLimits(1, 1, 1, clock);
    for (int i = 0; i < 3 * RateLimits.MOST_CLIENTS; i++) {
      limits.take("address " + i);
    }
    assertThat(limits.clients()).isLessThanOrEqualTo(RateLimits.MOST_CLIENTS);
    now.addAndGet(60 * SECOND);
    assertThat(limits.clients()).isZero();
  }

  @Test
  void anIpv6CustomerIsOneClient() {
    assertThat(Addresses.client("192.0.2.7")).isEqualTo("192.0.2.7");
    assertThat(Addresses.client("2001:db8:1:2:3:4:5:6"))
        .isEqualTo(Addresses.client("2001:db8:1:2::1"))
        .isNotEqualTo(Addresses.client("2001:db8:1:3::1"));
    assertThat(Addresses.client("fe80::1%eth0")).isEqualTo(Addresses.client("fe80::2"));
  }
}
