package dev.weir.inference.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotLayoutsTest {

  private static final Set<LinearModule> QUERY = Set.of(LinearModule.QUERY);

  @Test
  void growsToTheLargestRankOfAPattern() {
    SlotLayout layout =
        SlotLayouts.including(
            SlotLayouts.initial(2), lora(false, Map.of("query", 12)), 0, shape -> 64);
    assertThat(layout).isEqualTo(new SlotLayout(2, 12, 2, QUERY));
  }

  @Test
  void hasFactorsFromTheFirstDoraAdapterOn() {
    SlotLayout plain =
        SlotLayouts.including(SlotLayouts.initial(2), lora(false, Map.of()), 0, shape -> 64);
    SlotLayout dora = SlotLayouts.including(plain, lora(true, Map.of()), 1, shape -> 64);
    assertThat(plain.dora()).isFalse();
    assertThat(dora).isEqualTo(new SlotLayout(2, 4, 2, QUERY, true));
    assertThat(SlotLayouts.including(dora, lora(false, Map.of()), 1, shape -> 64)).isEqualTo(dora);
  }

  @Test
  void doublesUpToTheMost() {
    SlotLayout four = SlotLayouts.initial(4);
    AdapterWeights head = AdapterWeights.headOnly(List.of("a", "b"), new float[4], new float[2]);
    assertThat(SlotLayouts.including(four, head, 3, shape -> 6)).isEqualTo(four);
    assertThat(SlotLayouts.including(four, head, 4, shape -> 6).slots()).isEqualTo(6);
    assertThat(SlotLayouts.including(four, head, 4, shape -> 64).slots()).isEqualTo(8);
  }

  @Test
  void largerSlotsMayBeFewer() {
    SlotLayout many = SlotLayouts.initial(16);
    AdapterWeights lora = lora(false, Map.of());
    assertThat(SlotLayouts.including(many, lora, 16, shape -> shape.rank() > 0 ? 3 : 64).slots())
        .isEqualTo(3);
    assertThatThrownBy(() -> SlotLayouts.including(many, lora, 16, shape -> 1))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining("WEIR_SERVE_SLOT_MEMORY_MB");
  }

  private static AdapterWeights lora(boolean dora, Map<String, Integer> ranks) {
    return new AdapterWeights(
        new LoraConfig(4, 8, 0, QUERY, false, dora, ranks, Map.of(), Set.of()),
        Map.of(),
        List.of("a", "b"),
        new float[4],
        new float[2]);
  }
}
