package dev.weir.trainer.meter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainerMetricsTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TrainerMetrics metrics = new TrainerMetrics(registry, AdapterCatalog.SENTIMENT);

  @Test
  void showsADecisionsFiguresAndWhoServesAfterIt() {
    metrics.decided(release(Release.State.PROMOTED, decision("fewer-errors", 0.9, 0.8)));
    assertThat(accuracy("holdout", "challenger")).isEqualTo(0.9);
    assertThat(accuracy("holdout", "champion")).isEqualTo(0.9);

    metrics.decided(release(Release.State.RETAINED, decision("forgets", 0.95, 0.9)));
    assertThat(accuracy("holdout", "challenger")).isEqualTo(0.95);
    assertThat(accuracy("holdout", "champion")).isEqualTo(0.9);
    assertThat(accuracy("frozen", "challenger")).isEqualTo(0.5);
    assertThat(accuracy("frozen", "champion")).isEqualTo(0.7);
    assertThat(registry.get("weir.trainer.holdout.rows").gauge().value()).isEqualTo(100);
    assertThat(registry.get("weir.trainer.precision.agreement").tag("form", "int8").gauge().value())
        .isEqualTo(0.995);
    assertThat(
            registry
                .get("weir.trainer.decisions")
                .tags("adapter", "default", "method", "lora", "result", "retained")
                .tag("reason", "forgets")
                .counter()
                .count())
        .isEqualTo(1);
  }

  @Test
  void aRefusalIsCountedAndLeavesTheFiguresAlone() {
    metrics.decided(release(Release.State.PROMOTED, decision("fewer-errors", 0.9, 0.8)));
    metrics.decided(
        release(
            Release.State.RETAINED,
            new Decision("superseded", "", 0, 0, 0, 0, null, null, null, 0, 0, 1)));

    assertThat(accuracy("holdout", "challenger")).isEqualTo(0.9);
    assertThat(registry.get("weir.trainer.decisions").tag("reason", "superseded").counter().count())
        .isEqualTo(1);
  }

  private double accuracy(String rows, String role) {
    return registry.get("weir.trainer." + rows + ".accuracy").tag("role", role).gauge().value();
  }

  private static Decision decision(String reason, double accuracy, double champion) {
    return new Decision(
        reason,
        "",
        100,
        accuracy,
        accuracy,
        0.3,
        1,
        champion,
        0.4,
        0,
        0,
        1,
        new Decision.Frozen(60, 0.5, 0.7, 0.7, true),
        List.of(),
        List.of(new Decision.PrecisionFigures("int8", 100, 0.9, 0.995, true)),
        null);
  }

  private static Release release(Release.State state, Decision decision) {
    return new Release(
        "default",
        2,
        state,
        Method.LORA,
        null,
        "base",
        "digest",
        List.of("a", "b"),
        "b1",
        decision,
        10,
        1,
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH,
        List.of());
  }
}
