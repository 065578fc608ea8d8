package dev.weir.service.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClockStepTest {

  private long wallMs = 1_800_000_000_000L;
  private long nanos = 7;
  private final ClockStep step = new ClockStep(() -> wallMs, () -> nanos);

  @Test
  void aClockThatRunsOrIsSetForwardWasNotSetBack() {
    for (int i = 0; i < 100; i++) {
      pass(3_600);
      assertThat(step.setBack()).isNull();
    }
    wallMs += 3_600_000;
    assertThat(step.setBack()).isNull();
  }

  @Test
  void aClockThatWasSetBackIsNoticedOnceAlsoAfterAStepForward() {
    wallMs += 3_600_000;
    assertThat(step.setBack()).isNull();
    wallMs -= 3_600_000;
    pass(2);
    assertThat(step.setBack()).isEqualTo(Duration.ofHours(1));
    pass(2);
    assertThat(step.setBack()).isNull();
    wallMs -= 60_000;
    assertThat(step.setBack()).isEqualTo(Duration.ofMinutes(1));
  }

  @Test
  void stepsWithinAHeartbeatMatterOnlyTogether() {
    wallMs -= 1_500;
    assertThat(step.setBack()).isNull();
    wallMs -= 1_400;
    assertThat(step.setBack()).isNull();
    wallMs -= 200;
    assertThat(step.setBack()).isEqualTo(Duration.ofMillis(3_100));
  }

  private void pass(int seconds) {
    wallMs += 1_000L * seconds;
    nanos += 1_000_000_000L * seconds;
  }
}
