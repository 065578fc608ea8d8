package dev.weir.trainer.loop;

import dev.weir.trainer.publish.Announcement;

/**
 * Takes a batch's decisions from the fitting thread. Both methods return when it is done, and throw
 * {@link java.util.concurrent.CancellationException} when the batch is no longer ours.
 */
interface Announcer {

  /**
   * Makes a decision known.
   *
   * @param last whether the batch is done with it
   */
  void announce(Announcement announcement, boolean last);

  /** Passes over a batch whose decisions are all known. */
  void pass();
}
