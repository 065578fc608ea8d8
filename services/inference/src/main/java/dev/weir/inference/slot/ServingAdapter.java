package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.spec.Precision;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One adapter version in service: in a slot, in a session of its own, or evicted and loaded again
 * when a text for it comes.
 *
 * <p>Immutable but for its use counts. Its numbers are in native memory alone; an evicted version
 * takes a few hundred bytes.
 */
public final class ServingAdapter {

  private final Facts facts;
  private final Usage usage;
  private final @Nullable Placement placement;

  ServingAdapter(Facts facts, Usage usage, @Nullable Placement placement) {
    this.facts = facts;
    this.usage = usage;
    this.placement = placement;
  }

  /**
   * What stays the same wherever the version is in memory.
   *
   * @param temperature what its logits are divided by
   * @param pinned whether it is never evicted
   */
  record Facts(
      AdapterId id,
      String digest,
      List<String> labels,
      TokenLimit limit,
      double temperature,
      Instant liveSince,
      Precision precision,
      List<String> allowed,
      boolean pinned) {

    Facts {
      labels = List.copyOf(labels);
      allowed = List.copyOf(allowed);
    }
  }

  /** Where a version is. */
  public enum Residence {
    /** In a slot of the shared engine. */
    LOADED,
    /** In a session of its own, merged into the base. */
    MERGED,
    /** On disk; the first text for it waits until it is in a slot again. */
    EVICTED;

    /** The lower-case name. */
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The same version elsewhere in memory, or evicted. */
  ServingAdapter at(@Nullable Placement elsewhere) {
    return new ServingAdapter(facts, usage, elsewhere);
  }

  /** The same version where it is, in service since another time. */
  ServingAdapter liveSince(Instant since) {
    Facts again =
        new Facts(
            facts.id,
            facts.digest,
            facts.labels,
            facts.limit,
            facts.temperature,
            since,
            facts.precision,
            facts.allowed,
            facts.pinned);
    return new ServingAdapter(again, usage, placement);
  }

  /** Which version this is. */
  public AdapterId id() {
    return facts.id();
  }

  /** sha-256 (hex) of its manifest. */
  public String digest() {
    return facts.digest();
  }

  /** Its labels in the order of the logits. */
  public List<String> labels() {
    return facts.labels();
  }

  /** How its inputs are cut. */
  public TokenLimit limit() {
    return facts.limit();
  }

  /** What its logits are divided by before the softmax, so that probabilities are calibrated. */
  public double temperature() {
    return facts.temperature();
  }

  /** When it was put into service here. */
  public Instant liveSince() {
    return facts.liveSince();
  }

  /** The arithmetic that it is served in. */
  public Precision precision() {
    return facts.precision();
  }

  /**
   * Whether its gate allowed that arithmetic. The reference needs no leave; another one that was
   * forced by the setting may never have been judged.
   */
  public boolean precisionAllowed() {
    return facts.precision() == Precision.FP32 || facts.allowed().contains(facts.precision().id());
  }

  /** Whether it is never evicted. */
  public boolean pinned() {
    return facts.pinned();
  }

  /** Where it is. */
  public Residence residence() {
    if (placement == null) {
      return Residence.EVICTED;
    }
    return placement.inSlot() ? Residence.LOADED : Residence.MERGED;
  }

  /** Its slot, for operators; -1 when it is in none. */
  public int slot() {
    return placement == null ? Placement.NO_SLOT : placement.slot();
  }

  /** Keeps it from being evicted, once it is loaded, until the hold is closed. */
  public Hold hold() {
    return usage.hold();
  }

  @Nullable Placement placement() {
    return placement;
  }

  Usage usage() {
    return usage;
  }

  Facts facts() {
    return facts;
  }

  @Override
  public String toString() {
    return facts.id() + " " + residence().id() + (slot() >= 0 ? " in slot " + slot() : "");
  }
}
