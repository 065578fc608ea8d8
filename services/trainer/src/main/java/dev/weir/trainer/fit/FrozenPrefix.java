package dev.weir.trainer.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.encoder.TokenBatch;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What enters the lowest trained layer, computed once per text and kept on the Java heap: the
 * layers below it do not change from one epoch to the next.
 *
 * <p>A text that no longer fits the budget is computed again each time. One thread.
 */
final class FrozenPrefix {

  private final BertEncoder encoder;
  private final int layers;
  private final List<int[]> tokens;
  private final float[] @Nullable [] kept;
  private long budgetBytes;

  /**
   * @param layers layers below the lowest trained one; with 0 only the embeddings would be kept,
   *     which is not worth it
   */
  FrozenPrefix(BertEncoder encoder, int layers, List<int[]> tokens, long budgetBytes) {
    this.encoder = encoder;
    this.layers = layers;
    this.tokens = tokens;
    this.kept = new float[tokens.size()][];
    this.budgetBytes = layers == 0 ? 0 : budgetBytes;
  }

  /** {@code [rows, tokens, hidden]} of some rows; belongs to the batch's manager. */
  NDArray enter(int[] rows, TokenBatch batch) {
    NDManager pass = batch.ids().getManager();
    int width = (int) batch.ids().getShape().get(1);
    int hidden = encoder.config().hiddenSize();
    for (int row : rows) {
      if (kept[row] == null) {
        return compute(rows, batch, width, hidden);
      }
    }
    float[] values = new float[rows.length * width * hidden];
    for (int r = 0; r < rows.length; r++) {
      float[] row = kept[rows[r]];
      if (row != null) {
        System.arraycopy(row, 0, values, r * width * hidden, row.length);
      }
    }
    return TorchRuntime.own(pass, values, rows.length, width, hidden);
  }

  private NDArray compute(int[] rows, TokenBatch batch, int width, int hidden) {
    NDArray entering = encoder.prefix(batch, layers);
    long bytes = 0;
    for (int row : rows) {
      bytes += 4L * tokens.get(row).length * hidden;
    }
    if (bytes <= budgetBytes) {
      budgetBytes -= bytes;
      float[] values = entering.toFloatArray();
      for (int r = 0; r < rows.length; r++) {
        int length = tokens.get(rows[r]).length * hidden;
        kept[rows[r]] = new float[length];
        System.arraycopy(values, r * width * hidden, kept[rows[r]], 0, length);
      }
    }
    return entering;
  }
}
