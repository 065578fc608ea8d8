package dev.weir.inference.slot;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.ToIntFunction;

/** Shapes of slot tables: the first one, and the smallest that also takes a further adapter. */
final class SlotLayouts {

  /** One that serves and one to write the next release into. */
  private static final int FEWEST = 2;

  private SlotLayouts() {}

  /** Two labels and no LoRA: until the first release there is nothing to hold. */
  static SlotLayout initial(int slots) {
    return new SlotLayout(slots, 0, 2, Set.of());
  }

  /**
   * The layout that holds what {@code now} holds and {@code weights} as well.
   *
   * @param loaded slots that are taken now; a further version needs one beside them
   * @param most how many slots a layout's shape may have: a larger rank can leave room for fewer
   *     than there are
   * @return a layout equal to {@code now} when the shape suffices and there is a free slot, or
   *     there may be no further ones
   * @throws LoadException if not even two slots of the shape are allowed
   */
  static SlotLayout including(
      SlotLayout now, AdapterWeights weights, int loaded, ToIntFunction<SlotLayout> most) {
    Set<LinearModule> targets = EnumSet.noneOf(LinearModule.class);
    targets.addAll(now.targets());
    targets.addAll(weights.lora().targets());
    int rank = Math.max(now.rank(), weights.lora().maxRank());
    int labels = Math.max(now.labels(), weights.labels().size());
    boolean dora = now.dora() || weights.lora().useDora();
    SlotLayout shape = new SlotLayout(now.slots(), rank, labels, targets, dora);
    int limit = most.applyAsInt(shape);
    if (limit < FEWEST) {
      throw new LoadException(
          "slots-too-large",
          "with rank %d on %s and %d labels, memory allows %d slots, %d are needed; raise WEIR_SERVE_SLOT_MEMORY_MB, or train with a smaller rank"
              .formatted(rank, targets, labels, limit, FEWEST));
    }
    int slots = now.slots();
    while (slots <= loaded && slots < limit) {
      slots = Math.multiplyExact(slots, 2);
    }
    return new SlotLayout(Math.min(slots, limit), rank, labels, targets, dora);
  }

  /** The same shape with another number of slots. */
  static SlotLayout withSlots(SlotLayout shape, int slots) {
    return new SlotLayout(slots, shape.rank(), shape.labels(), shape.targets(), shape.dora());
  }
}
