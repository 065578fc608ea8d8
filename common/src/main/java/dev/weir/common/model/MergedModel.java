package dev.weir.common.model;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.common.adapter.AdapterWeights;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * A base model with one adapter merged into its weights, as a self-contained ONNX file.
 *
 * <p>Inputs {@code input_ids} and {@code attention_mask} (int64 {@code [batch, sequence]}), output
 * {@code logits} (float {@code [batch, labels]}). Standard operators only, opset 17, in both
 * precisions. The file's metadata names the labels, the pooling, the kind of head and the base.
 */
public final class MergedModel {
  private static final int PARITY_BATCH = 16;

  private MergedModel() {}

  /**
   * Merges and writes; weights are merged one at a time, so the extra memory is that of one matrix.
   *
   * @throws ModelException {@code adapter-shape-mismatch}, {@code adapter-not-finite}, {@code
   *     unwritable-file}
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
    try (OrtSession session = OnnxRuntime.open(file, 1)) {
      for (int from = 0; from < tokenIds.length; from += PARITY_BATCH) {
        int to = Math.min(tokenIds.length, from + PARITY_BATCH);
        float[][] batch = runBatch(session, Arrays.copyOfRange(tokenIds, from, to), padTokenId);
        System.arraycopy(batch, 0, logits, from, batch.length);
      }
      return logits;
    } catch (OrtException e) {
      throw new ModelException("inference-failed", file + " fails: " + e.getMessage(), e);
    }
  }

  private static float[][] runBatch(OrtSession session, int[][] tokenIds, int padTokenId)
      throws OrtException {
    int width = Arrays.stream(tokenIds).mapToInt(ids -> ids.length).max().orElse(0);
    LongBuffer ids = LongBuffer.allocate(tokenIds.length * width);
    LongBuffer mask = LongBuffer.allocate(tokenIds.length * width);
    for (int[] row : tokenIds) {
      for (int i = 0; i < width; i++) {
        ids.put(i < row.length ? row[i] : padTokenId);
        mask.put(i < row.length ? 1 : 0);
      }
    }
    long[] shape = {tokenIds.length, width};
    OrtEnvironment environment = OnnxRuntime.environment();
    try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids.flip(), shape);
        OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask.flip(), shape);
        OrtSession.Result result =
            session.run(Map.of(PortableGraph.IDS, idTensor, PortableGraph.MASK, maskTensor))) {
      return (float[][]) result.get(PortableGraph.LOGITS).orElseThrow().getValue();
    }
  }
}
