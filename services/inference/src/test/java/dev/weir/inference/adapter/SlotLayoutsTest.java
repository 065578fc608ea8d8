package dev.weir.inference.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.SlotLayout;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotLayoutsTest {

  private static final Set<LinearModule> QUERY = Set.of(LinearModule.QUERY);

  @Test
  void growsToTheLargestRankOfAPattern() {
    SlotLayout layout =
        SlotLayouts.including(SlotLayouts.initial(2), lora(false, Map.of("query", 12)), 0);
    assertThat(layout).isEqualTo(new SlotLayout(2, 12, 2, QUERY));
  }

  @Test
  void hasFactorsFromTheFirstDoraAdapterOn() {
    SlotLayout plain = SlotLayouts.including(SlotLayouts.initial(2), lora(false, Map.of()), 0);
    SlotLayout dora = SlotLayouts.including(plain, lora(true, Map.of()), 1);
    assertThat(plain.dora()).isFalse();
    assertThat(dora).isEqualTo(new SlotLayout(2, 4, 2, QUERY, true));
    assertThat(SlotLayouts.including(dora, lora(false, Map.of()), 1)).isEqualTo(dora);
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
