package dev.weir.curation.split;

import dev.weir.contract.event.Split;

/**
 * Assigns a text to train or holdout by its hash alone: the same text, in any letter case or
 * mark-up, never changes sides, whatever the order of the feedback and however often it is read.
 *
 * <p>A larger share keeps all of the former holdout and adds to it.
 *
 * @param share part of the texts that is held out, 0 to 1
 */
public record HoldoutSplit(double share) {

  private static final int HASH_DIGITS = 16;

  /** The side of a text, by the sha-256 (hex) of its normalised form. */
  public Split of(String textHash) {
    long first8Bytes = Long.parseUnsignedLong(textHash.substring(0, HASH_DIGITS), 16);
    // The 53 high bits make an exact double in [0, 1).
    double position = (first8Bytes >>> 11) * 0x1p-53;
    return position < share ? Split.HOLDOUT : Split.TRAIN;
  }
}
