package dev.weir.common.adapter;

import dev.weir.common.model.LinearModule;
import dev.weir.common.model.ModelException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a low-rank adapter changes, and how strongly (Hu et al., "LoRA", ICLR 2022).
 *
 * @param rank inner dimension r; 0 exactly when there are no targets
 * @param alpha numerator of {@link #scaling()}
 * @param dropout probability of dropping an input feature while training, in [0, 1)
 * @param targets the adapted linear layers, the same in every transformer layer
 */
public record LoraConfig(int rank, double alpha, double dropout, Set<LinearModule> targets) {
  /** No LoRA: the adapter is a head on the frozen base. */
  public static final LoraConfig NONE = new LoraConfig(0, 0, 0, Set.of());

  public LoraConfig {
    targets = targets.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(targets));
    if (targets.isEmpty() != (rank == 0) || rank < 0) {
      throw new ModelException(
          "invalid-lora-config",
          "LoRA rank is 0 exactly when there are no targets; got rank %d and targets %s."
              .formatted(rank, targets));
    }
    if (!Double.isFinite(alpha) || alpha < 0) {
      throw new ModelException(
          "invalid-lora-config", "LoRA alpha must be finite and at least 0, is " + alpha + ".");
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ModelException(
          "invalid-lora-config", "LoRA dropout must be in [0, 1), is " + dropout + ".");
    }
  }

  /** The factor on B·A: alpha / rank, or 0 without LoRA. */
  public double scaling() {
    return rank == 0 ? 0 : alpha / rank;
  }
}
