package dev.weir.model.session;

import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.graph.OnnxGraph;
import dev.weir.model.graph.PortableGraph;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A base model with one adapter merged into its weights, as a self-contained ONNX file.
 *
 * <p>Inputs {@code input_ids} and {@code attention_mask} (int64 {@code [batch, sequence]}), output
 * {@code logits} (float {@code [batch, labels]}). Standard operators only, opset 17, in {@link
 * Precision#FP32} and {@link Precision#INT8}. The file's metadata names the labels, the pooling,
 * the kind of head and the base.
 */
public final class MergedModel {
  /** The file's name inside an artifact. */
  public static final String FILE = "model.onnx";

  /** The name of its 8-bit form, where there is one. */
  public static final String INT8_FILE = "model.int8.onnx";

  private static final int PARITY_BATCH = 16;

  private MergedModel() {}

  /**
   * Merges and writes; weights are merged one at a time, so the extra memory is that of one matrix.
   *
   * @throws ModelException {@code adapter-shape-mismatch}, {@code adapter-not-finite}, {@code
   *     unwritable-file}, {@code precision-not-portable}
   */
  public static void write(BaseModel base, AdapterWeights weights, Precision precision, Path file) {
    weights.validate(base.config());
    OnnxGraph graph = PortableGraph.build(base, weights, precision);
    graph.metadata("labels", String.join("\n", weights.labels()));
    graph.metadata("pooling", base.config().pooling().id());
    graph.metadata("head", base.config().head().id());
    graph.metadata("base", base.hubName());
    graph.metadata("base_sha256", base.digest());
    try {
      OnnxRuntime.write(graph, file);
    } catch (IOException e) {
      throw new ModelException(
          "unwritable-file",
          file + " cannot be written: " + e + "; check space and permissions.",
          e);
    }
  }

  /**
   * Runs a written file over texts, for parity checks: it opens a session for this call alone.
   *
   * @return {@code [texts][labels]}
   * @throws ModelException {@code invalid-graph}, {@code inference-failed}
   */
  public static float[][] run(Path file, int[][] tokenIds, int padTokenId) {
    float[][] logits = new float[tokenIds.length][];
    try (MergedEncoder encoder = MergedEncoder.open(file, 1, padTokenId)) {
      for (int from = 0; from < tokenIds.length; from += PARITY_BATCH) {
        int to = Math.min(tokenIds.length, from + PARITY_BATCH);
        float[][] batch = encoder.run(Arrays.copyOfRange(tokenIds, from, to));
        System.arraycopy(batch, 0, logits, from, batch.length);
      }
      return logits;
    }
  }
}
