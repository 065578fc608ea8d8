package dev.weir.inference.slot;

import dev.weir.model.session.MergedEncoder;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a version is in memory: a slot of the engine, or a session of its own. Ends with its last
 * use: the slot is free then, or the session closed.
 */
final class Placement {

  /** What {@link #slot} says of a session of its own. */
  static final int NO_SLOT = -1;

  private static final Logger LOG = LoggerFactory.getLogger(Placement.class);

  private final Lane lane;
  private final int slot;
  private final UseCount uses;
  private final Set<String> providers;
  private final Runnable ending;

  private Placement(
      Lane lane, int slot, UseCount uses, Set<String> providers, Runnable whenEnding) {
    this.lane = lane;
    this.slot = slot;
    this.uses = uses;
    this.providers = providers;
    this.ending = whenEnding;
  }

  /**
   * A slot that was taken from {@code engine}, which gets it back.
   *
   * @param lane the session that runs it
   */
  static Placement slot(Engine engine, Lane lane, int slot) {
    return new Placement(
        lane,
        slot,
        new UseCount(() -> engine.giveSlot(slot)),
        Set.of(),
        () -> engine.draining(slot));
  }

  /** A session of its own. */
  static Placement merged(MergedEncoder encoder) {
    return new Placement(
        (tokenIds, slots) -> encoder.run(tokenIds),
        NO_SLOT,
        new UseCount(() -> close(encoder)),
        encoder.providers(),
        () -> {});
  }

  /** Whoever gives back the last use goes on with his own work, whatever the runtime says. */
  private static void close(MergedEncoder encoder) {
    try {
      encoder.close();
    } catch (RuntimeException e) {
      LOG.error("a merged session could not be closed; its memory is lost", e);
    }
  }

  /** Ends the publisher's use: it is over once the last lease is back. */
  void end() {
    ending.run();
    uses.release();
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
