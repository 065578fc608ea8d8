package dev.weir.trainer.encoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.Arrays;

/**
 * A padded batch of token ids on libtorch.
 *
 * @param ids {@code [rows, tokens]}, 64-bit
 * @param attention {@code [rows, 1, 1, tokens]}: 0 for a token, a large negative number for padding
 * @param mean {@code [rows, tokens, 1]}: one over the row's tokens, 0 for padding
 */
public record TokenBatch(NDArray ids, NDArray attention, NDArray mean) {

  /** Added to the scores of padding: its softmax weight is 0 in 32-bit floats. */
  private static final float MASKED = -1e9f;

  /** Pads rows to the longest one. The arrays belong to {@code manager}. */
  public static TokenBatch of(NDManager manager, int[][] rows, int padTokenId) {
    int tokens = Arrays.stream(rows).mapToInt(row -> row.length).max().orElseThrow();
    long[] ids = new long[rows.length * tokens];
    float[] attention = new float[ids.length];
    float[] mean = new float[ids.length];
    Arrays.fill(ids, padTokenId);
    Arrays.fill(attention, MASKED);
    for (int r = 0; r < rows.length; r++) {
      int[] row = rows[r];
      for (int t = 0; t < row.length; t++) {
        ids[r * tokens + t] = row[t];
        attention[r * tokens + t] = 0;
        mean[r * tokens + t] = 1f / row.length;
      }
    }
    return new TokenBatch(
        TorchRuntime.own(manager, ids, rows.length, tokens),
        TorchRuntime.own(manager, attention, rows.length, 1, 1, tokens),
        TorchRuntime.own(manager, mean, rows.length, tokens, 1));
  }
}
