package dev.weir.model.graph;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The fixed shape of an encoder's adapter tables.
 *
 * @param slots adapters held at once, at least 1
 * @param rank the largest LoRA rank that fits (smaller ones are padded with zeros); 0 exactly when
 *     {@code targets} is empty
 * @param labels the largest number of labels that fits, at least 1
 * @param targets the linear layers that have LoRA inputs; empty: heads only, no LoRA inputs at all
 * @param dora whether the targets' outputs have a factor per slot, which DoRA needs and the others
 *     pay for
 */
public record SlotLayout(int slots, int rank, int labels, Set<LinearModule> targets, boolean dora) {
  /** A layout without DoRA. */
  public SlotLayout(int slots, int rank, int labels, Set<LinearModule> targets) {
    this(slots, rank, labels, targets, false);
  }

  public SlotLayout {
    targets = targets.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(targets));
    if (slots < 1 || labels < 1 || rank < 0) {
      throw new ModelException(
          "invalid-layout",
          "A slot layout needs slots >= 1, labels >= 1, rank >= 0; got slots %d, labels %d, rank %d."
              .formatted(slots, labels, rank));
    }
    if (targets.isEmpty() != (rank == 0)) {
      throw new ModelException(
          "invalid-layout",
          "A slot layout has rank 0 exactly when it has no targets; got rank %d and targets %s."
              .formatted(rank, targets));
    }
  }
}
