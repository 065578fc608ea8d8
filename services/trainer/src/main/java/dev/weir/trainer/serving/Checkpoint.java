package dev.weir.trainer.serving;

/**
 * Reached after each piece of work that takes seconds at most: a batch of texts, an iteration of a
 * fit. On the fitting thread; must return at once.
 */
@FunctionalInterface
public interface Checkpoint {

  /** Nothing to do. */
  Checkpoint NONE = () -> {};

  /**
   * Takes note.
   *
   * @throws java.util.concurrent.CancellationException if the work is called off
   */
  void reached();
}
