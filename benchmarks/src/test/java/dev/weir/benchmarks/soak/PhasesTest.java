package dev.weir.benchmarks.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PhasesTest {

  @Test
  void latenciesBelongToTheWindowInWhichTheirTextWasDue() {
    long second = TimeUnit.SECONDS.toNanos(1);
    Phases phases = new Phases(7 * second, 2);
    phases.record(8 * second, 5_000_000);
    phases.record(phases.swapsBegin(0), 1_000_000);
    phases.record(phases.swapsBegin(0) + 2 * second, 5_000_000);
    phases.record(phases.swapsBegin(1), 1_000_000);
    assertThat(phases.quiet().count()).isEqualTo(2);
    assertThat(phases.swaps().count()).isEqualTo(2);
    assertThat(phases.quiet().all(50)).isBetween(4.9, 5.1);
    assertThat(phases.swaps().all(50)).isBetween(0.9, 1.1);
  }
}
