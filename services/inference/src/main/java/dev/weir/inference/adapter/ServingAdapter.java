package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.TokenLimit;
import java.time.Instant;
import java.util.List;

/**
 * One adapter version in one slot of one engine.
 *
 * <p>Immutable but for its use count. Its numbers are kept on the heap (about 0.6 MB for rank 8 on
 * query and value of the default base), so that a larger engine can be filled without the store.
 */
public final class ServingAdapter {

  private final AdapterId id;
  private final String digest;
  private final AdapterWeights weights;
  private final TokenLimit limit;
  private final double temperature;
  private final Instant liveSince;
  private final int slot;
  private final UseCount uses;

  ServingAdapter(
      AdapterId id,
      String digest,
      AdapterWeights weights,
      TokenLimit limit,
      double temperature,
      Instant liveSince,
      Engine engine,
      int slot) {
    this.id = id;
    this.digest = digest;
    this.weights = weights;
    this.limit = limit;
    this.temperature = temperature;
    this.liveSince = liveSince;
    this.slot = slot;
    this.uses = new UseCount(() -> engine.giveSlot(slot));
  }

  /** The same version in a slot of another engine. */
  ServingAdapter movedTo(Engine engine, int newSlot) {
    return new ServingAdapter(id, digest, weights, limit, temperature, liveSince, engine, newSlot);
  }

  /** Which version this is. */
  public AdapterId id() {
    return id;
  }

  /** sha-256 (hex) of its manifest. */
  public String digest() {
    return digest;
  }

  /** Its labels in the order of the logits. */
  public List<String> labels() {
    return weights.labels();
  }

  /** How its inputs are cut. */
  public TokenLimit limit() {
    return limit;
  }

  /** What its logits are divided by before the softmax, so that probabilities are calibrated. */
  public double temperature() {
    return temperature;
  }

  /** When it was published here. */
  public Instant liveSince() {
    return liveSince;
  }

  /** Its slot, for the run and for operators. */
  public int slot() {
    return slot;
  }

  AdapterWeights weights() {
    return weights;
  }

  UseCount uses() {
    return uses;
  }

  @Override
  public String toString() {
    return id + " in slot " + slot;
  }
}
