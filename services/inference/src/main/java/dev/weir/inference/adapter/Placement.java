package dev.weir.inference.adapter;

import dev.weir.common.model.MergedEncoder;
import dev.weir.common.model.Precision;
import java.util.Set;

/**
 * Where a version is in memory: a slot of the engine, or a session of its own. Ends with its last
 * use: the slot is free then, or the session closed.
 */
final class Placement {

  /** What {@link #slot} says of a session of its own. */
  static final int NO_SLOT = -1;

  private final Lane lane;
  private final int slot;
  private final UseCount uses;
  private final Set<String> providers;

  private Placement(Lane lane, int slot, UseCount uses, Set<String> providers) {
    this.lane = lane;
    this.slot = slot;
    this.uses = uses;
    this.providers = providers;
  }

  /** A slot that was taken from {@code engine}. */
  static Placement slot(Engine engine, Precision precision, int slot) {
    return new Placement(
        engine.lane(precision), slot, new UseCount(() -> engine.giveSlot(slot)), Set.of());
  }

  /** A session of its own. */
  static Placement merged(MergedEncoder encoder) {
    return new Placement(
        (tokenIds, slots) -> encoder.run(tokenIds),
        NO_SLOT,
        new UseCount(encoder::close),
        encoder.providers());
  }

  Lane lane() {
    return lane;
  }

  int slot() {
    return slot;
  }

  boolean inSlot() {
    return slot != NO_SLOT;
  }

  /** The ONNX Runtime execution providers of a session of its own; the engine knows the others. */
  Set<String> providers() {
    return providers;
  }

  UseCount uses() {
    return uses;
  }
}
