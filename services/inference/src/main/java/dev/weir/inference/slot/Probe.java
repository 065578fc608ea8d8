package dev.weir.inference.slot;

/** The sentence that each version is tried on before texts meet it. Immutable. */
final class Probe {

  private final int[] tokens;

  /** A probe of these token ids, special tokens included. */
  Probe(int[] tokens) {
    this.tokens = tokens.clone();
  }

  /** Runs a session a first time, so that the first text meets a warm one. */
  void warmUp(Lane lane) {
    lane.run(new int[][] {tokens, tokens, tokens, tokens}, new int[] {0, 0, 0, 0});
  }

  /**
   * Runs a version that nobody else uses yet.
   *
   * @throws LoadException if it does not answer with finite numbers
   */
  void check(ServingAdapter version) {
    Placement placement = version.placement();
    if (placement == null) {
      throw new IllegalStateException(version + " is not in memory");
    }
    float[] logits = placement.lane().run(new int[][] {tokens}, new int[] {placement.slot()})[0];
    for (int i = 0; i < version.labels().size(); i++) {
      if (!Float.isFinite(logits[i])) {
        throw new LoadException(
            "probe-failed",
            "adapter %s answers the probe sentence with %s for label '%s'; retrain it"
                .formatted(version.id(), logits[i], version.labels().get(i)));
      }
    }
  }
}
