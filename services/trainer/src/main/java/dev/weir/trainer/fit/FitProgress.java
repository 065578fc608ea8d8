package dev.weir.trainer.fit;

/**
 * How far a fine-tuning is.
 *
 * @param step optimizer steps done, skipped ones included
 * @param steps optimizer steps planned
 * @param loss mean training loss of the epoch so far, in nats
 * @param examplesPerSecond training speed so far
 * @param secondsLeft estimate of the remaining seconds
 */
public record FitProgress(
    int step, int steps, double loss, double examplesPerSecond, double secondsLeft) {

  /** Told after each optimizer step, on the fitting thread: must return at once. */
  @FunctionalInterface
  public interface Listener {
    /** Takes note. */
    void progress(FitProgress progress);
  }
}
