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
    RateLimits limits = new RateLimits(2, 3, clock);
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

  /** Whatever the pauses: no more than the burst and what has been refilled since the start. */
  @Property(tries = 100)
  void nobodyGetsMoreThanBurstAndRate(
      @ForAll @IntRange(min = 1, max = 50) int perSecond,
      @ForAll @IntRange(min = 1, max = 50) int burst,
      @ForAll @Size(min = 1, max = 200) List<@IntRange(max = 3_000) Integer> pausesMs) {
    now.set(0);
    RateLimits limits = new RateLimits(perSecond, burst, clock);
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
    RateLimits limits = new RateLimits(1, 1, clock);
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
