package dev.weir.contract.release;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ServingPlanTest {

  private static final ServingPlan FULL =
      new ServingPlan(
          "default",
          new ServingPlan.Pin(3, "d3", 5),
          new ServingPlan.Canary(6, "d6", 0.25),
          new ServingPlan.Shadow(7, "d7"),
          0.7,
          Instant.EPOCH);

  @Test
  void survivesTheTopic() {
    assertThat(AdapterRecord.read(AdapterRecord.key(FULL), EventJson.write(FULL)))
        .contains(new AdapterRecord.Planned(FULL));
    assertThat(AdapterRecord.plannedAdapter(AdapterRecord.key(FULL))).contains("default");
  }

  @Test
  void aPlanOfFewerFieldsIsRead() {
    byte[] json = "{\"adapter\":\"default\",\"since\":\"2026-01-01T00:00:00Z\"}".getBytes(UTF_8);

    ServingPlan plan =
        ((AdapterRecord.Planned) AdapterRecord.read("default#plan".getBytes(UTF_8), json).get())
            .plan();

    assertThat(plan.pinned()).isNull();
    assertThat(plan.abstainBelow()).isZero();
    assertThat(plan.versions()).isEmpty();
  }

  /** Version 0.1 takes every key without an at sign for a champion's. */
  @Test
  void earlierReadersSkipIt() {
    byte[] json = EventJson.write(FULL);

    assertThatThrownBy(() -> EventJson.read(json, Champion.class))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(new String(AdapterRecord.key(FULL), UTF_8)).doesNotContain("@");
    assertThat(Limits.ADAPTER_NAME.matcher("default#plan").matches()).isFalse();
  }

  @Test
  void anImpossiblePlanIsNoRecord() {
    byte[] key = "default#plan".getBytes(UTF_8);

    for (String bad :
        new String[] {
          "{\"adapter\":\"default\",\"abstainBelow\":1}",
          "{\"adapter\":\"default\",\"canary\":{\"version\":2,\"digest\":\"d\",\"share\":1.5}}",
          "{\"adapter\":\"default\",\"pinned\":{\"version\":0,\"digest\":\"d\"}}",
          "{\"adapter\":\"other\",\"pinned\":{\"version\":2,\"digest\":\"d\"}}",
          "{}"
        }) {
      assertThat(AdapterRecord.read(key, bad.getBytes(UTF_8))).isEqualTo(Optional.empty());
    }
  }

  @Test
  void namesTheVersionsWhoseArtifactsItNeeds() {
    assertThat(FULL.versions()).containsExactly(3, 6, 7);
    assertThat(FULL.withPinned(null).withCanary(null).versions()).containsExactly(7);
    assertThat(ServingPlan.none("default").versions()).isEmpty();
  }
}
