package dev.weir.inference.slot;

/** One session: rows of the same lane run together. Compared by identity. */
interface Lane {

  /**
   * Scores a batch; thread-safe.
   *
   * @param slots the slot that answers each row; a lane of one adapter looks at none
   * @return logits {@code [rows][labels]}, in the order of the rows
   */
  float[][] run(int[][] tokenIds, int[] slots);
}
