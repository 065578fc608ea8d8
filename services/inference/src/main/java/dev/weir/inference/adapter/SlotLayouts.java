package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.SlotLayout;
import java.util.EnumSet;
import java.util.Set;

/** Shapes of slot tables: the first one, and the smallest that also takes a further adapter. */
final class SlotLayouts {

  private SlotLayouts() {}

  /** Two labels and no LoRA: until the first release there is nothing to hold. */
  static SlotLayout initial(int slots) {
    return new SlotLayout(slots, 0, 2, Set.of());
  }

  /**
   * The layout that holds what {@code now} holds and {@code weights} as well.
   *
   * @param serving adapters that serve now; each release needs one slot beside theirs
   * @return a layout equal to {@code now} when everything fits
   */
  static SlotLayout including(SlotLayout now, AdapterWeights weights, int serving) {
    int slots = now.slots();
    while (slots <= serving) {
      slots = Math.multiplyExact(slots, 2);
    }
    Set<LinearModule> targets = EnumSet.noneOf(LinearModule.class);
    targets.addAll(now.targets());
    targets.addAll(weights.lora().targets());
    int rank = Math.max(now.rank(), weights.lora().maxRank());
    int labels = Math.max(now.labels(), weights.labels().size());
    boolean dora = now.dora() || weights.lora().useDora();
    return new SlotLayout(slots, rank, labels, targets, dora);
  }
}
