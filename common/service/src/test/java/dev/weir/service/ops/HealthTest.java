package dev.weir.service.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.service.ops.Health.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class HealthTest {

  @Test
  void aCheckThatFailsIsDownAndTheOthersAreToldOf() {
    Health health = new Health();
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    health.bindTo(registry);
    health.register("sound", () -> new Status.Up("works"));
    health.register(
        "closing",
        () -> {
          throw new IllegalStateException("not running any more");
        });

    assertThat(health.components())
        .containsEntry("sound", new Status.Up("works"))
        .extractingByKey("closing")
        .isInstanceOfSatisfying(
            Status.Down.class, down -> assertThat(down.detail()).contains("not running any more"));
    assertThat(health.ready()).isFalse();
    assertThat(health.live()).isTrue();
    assertThat(registry.find("weir.health.component").tag("component", "closing").gauge().value())
        .isZero();
  }
}
