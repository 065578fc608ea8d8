package dev.weir.trainer.export;

import ai.djl.ndarray.NDManager;
import dev.weir.model.session.MergedModel;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.encoder.TokenBatch;
import dev.weir.trainer.lora.BoundAdapter;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Compares the merged model under ONNX Runtime with the adapter under libtorch. */
public final class ParityCheck {

  /**
   * Largest difference that rounding may make, to logits of up to 1 or else in their proportion.
   */
  public static final double TOLERANCE = 1e-3;

  private ParityCheck() {}

  /**
   * The largest difference of any logit on some rows, over the largest logit where that is above 1;
   * not a number if a logit is none.
   */
  public static double difference(
      BertEncoder encoder, AdapterWeights weights, Path merged, List<int[]> rows) {
    int[][] tokens = rows.toArray(int[][]::new);
    float[][] ours = MergedModel.run(merged, tokens, encoder.config().padTokenId());
    float[][] theirs = logits(encoder.exact(), weights, tokens);
    double largest = 0;
    double scale = 1;
    for (int row = 0; row < theirs.length; row++) {
      for (int label = 0; label < theirs[row].length; label++) {
        double difference = Math.abs(theirs[row][label] - ours[row][label]);
        largest = difference <= largest ? largest : difference;
        scale = Math.max(scale, Math.abs(theirs[row][label]));
      }
    }
    return largest / scale;
  }

  /**
   * The logits of an adapter under libtorch, dropout off, all rows in one batch.
   *
   * @return {@code [rows][labels]}
   */
  public static float[][] logits(BertEncoder encoder, AdapterWeights weights, int[][] tokens) {
    TrainableAdapter adapter = TrainableAdapter.from(encoder.config(), weights);
    try (NDManager step = encoder.newStep();
        TorchRuntime.GradientMode off = TorchRuntime.gradients(false)) {
      BoundAdapter bound = adapter.bind(step, off.on());
      TokenBatch batch = TokenBatch.of(step, tokens, encoder.config().padTokenId());
      float[] flat =
          bound
              .logits(encoder.pooled(encoder.prefix(batch, 0), 0, batch, bound, false))
              .toFloatArray();
      int labels = weights.labels().size();
      float[][] logits = new float[tokens.length][];
      for (int row = 0; row < tokens.length; row++) {
        logits[row] = Arrays.copyOfRange(flat, row * labels, (row + 1) * labels);
      }
      return logits;
    }
  }
}
