package dev.weir.model.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.graph.SlotGraph;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Pooling;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The inputs that differ per run, over a caller's buffers: padded ids, lengths, slots, pooling
 * weights. Closing frees the runtime's handles and leaves the buffers.
 */
final class BatchTensors implements AutoCloseable {
  private final Map<String, OnnxTensor> tensors = new LinkedHashMap<>();

  private BatchTensors() {}

  static BatchTensors of(int[][] tokenIds, int[] slots, ModelConfig config, RunBuffers buffers)
      throws OrtException {
    int rows = tokenIds.length;
    int width = 0;
    for (int[] ids : tokenIds) {
      requireValid(ids, config);
      width = Math.max(width, ids.length);
    }
    IntBuffer padded = buffers.ids(Math.multiplyExact(rows, width));
    IntBuffer lengths = buffers.lengths(rows);
    for (int[] ids : tokenIds) {
      lengths.put(ids.length);
      padded.put(ids);
      for (int i = ids.length; i < width; i++) {
        padded.put(config.padTokenId());
      }
    }
    BatchTensors batch = new BatchTensors();
    try {
      batch.put(SlotGraph.IDS, padded.flip(), rows, width);
      batch.put(SlotGraph.LENGTHS, lengths.flip(), rows);
      batch.put(SlotGraph.SLOTS, buffers.slots(rows).put(slots).flip(), rows);
      if (config.pooling() == Pooling.MEAN) {
        FloatBuffer weights = meanWeights(tokenIds, width, buffers.pool(rows * width));
        batch.put(SlotGraph.POOL, weights, rows, 1, width);
      }
      return batch;
    } catch (OrtException e) {
      batch.close();
      throw e;
    }
  }

  Map<String, OnnxTensor> tensors() {
    return tensors;
  }

  @Override
  public void close() {
    tensors.values().forEach(OnnxTensorLike::close);
  }

  private static FloatBuffer meanWeights(int[][] tokenIds, int width, FloatBuffer weights) {
    for (int[] ids : tokenIds) {
      for (int i = 0; i < width; i++) {
        weights.put(i < ids.length ? 1f / ids.length : 0);
      }
    }
    return weights.flip();
  }

  private static void requireValid(int[] ids, ModelConfig config) {
    if (ids.length < 1 || ids.length > config.maxPositions()) {
      throw new IllegalArgumentException(
          "A text has %d tokens, the base model takes 1 to %d"
              .formatted(ids.length, config.maxPositions()));
    }
    for (int id : ids) {
      if (id < 0 || id >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "Token id %d is outside the vocabulary of %d; tokenize with the base model's own tokenizer"
                .formatted(id, config.vocabSize()));
      }
    }
  }

  /** Adds an input, which closes with the others. */
  void own(String name, OnnxTensor tensor) {
    tensors.put(name, tensor);
  }

  private void put(String name, IntBuffer values, long... shape) throws OrtException {
    tensors.put(name, OnnxTensor.createTensor(environment(), values, shape));
  }

  private void put(String name, FloatBuffer values, long... shape) throws OrtException {
    tensors.put(name, OnnxTensor.createTensor(environment(), values, shape));
  }

  private static OrtEnvironment environment() {
    return OnnxRuntime.environment();
  }
}
