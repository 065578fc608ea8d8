package dev.weir.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.service.ops.Health.Status;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PulseTest {

  private final AtomicLong now = new AtomicLong();
  private final Pulse pulse = new Pulse(Duration.ofMinutes(10), now::get);

  @Test
  void aTrainingWithoutAStepIsDownAndThenDead() {
    pulse.beat();
    pass(Duration.ofMinutes(9));
    assertThat(pulse.status()).isInstanceOf(Status.Up.class);
    pass(Duration.ofMinutes(2));
    assertThat(pulse.status())
        .isInstanceOfSatisfying(
            Status.Down.class,
            down -> assertThat(down.detail()).contains("660 s", "WEIR_TRAIN_STALLED_AFTER"));
    pass(Duration.ofMinutes(20));
    assertThat(pulse.status()).isInstanceOf(Status.Dead.class);
  }

  @Test
  void aStepTakesItBackAndWaitingIsNoWork() {
    pulse.beat();
    pass(Duration.ofMinutes(11));
    pulse.beat();
    assertThat(pulse.status()).isInstanceOf(Status.Up.class);
    pulse.rest();
    pass(Duration.ofDays(2));
    assertThat(pulse.status()).isInstanceOf(Status.Up.class);
  }

  @Test
  void withoutALimitItMayTakeAsLongAsItLikes() {
    Pulse endless = new Pulse(Duration.ZERO, now::get);
    endless.beat();
    pass(Duration.ofDays(2));
    assertThat(endless.status()).isInstanceOf(Status.Up.class);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }
}
