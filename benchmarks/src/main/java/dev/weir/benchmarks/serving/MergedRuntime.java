package dev.weir.benchmarks.serving;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * ONNX Runtime alone on the adapter merged into the base, with tensors made beforehand: what one
 * adapter costs when there are no slots at all.
 */
final class MergedRuntime implements Contender {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final BaseModel base;
  private final TokenLimit limit;
  private final int threads;
  private final int tokenBudget;

  private MergedRuntime(
      OrtSession session, BaseModel base, TokenLimit limit, int threads, int tokenBudget) {
    this.session = session;
    this.base = base;
    this.limit = limit;
    this.threads = threads;
    this.tokenBudget = tokenBudget;
  }

  /** Merges, writes the file beside the others of {@code directory} and opens it. */
  static MergedRuntime open(
      BaseModel base,
      AdapterWeights weights,
      Precision precision,
      Path directory,
      TokenLimit limit,
      int threads,
      int tokenBudget)
      throws IOException {
    Path file = Files.createDirectories(directory).resolve("merged-" + precision.id() + ".onnx");
    MergedModel.write(base, weights, precision, file);
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setInterOpNumThreads(1);
      options.setIntraOpNumThreads(1);
      options.setMemoryPatternOptimization(false);
      OrtSession session = OrtEnvironment.getEnvironment().createSession(file.toString(), options);
      return new MergedRuntime(session, base, limit, threads, tokenBudget);
    } catch (OrtException e) {
      throw new IllegalStateException(file + " cannot be opened", e);
    }
  }

  @Override
  public double perSecond(List<StreamText> texts) throws InterruptedException {
    List<int[][]> batches =
        BatchPlan.sorted(BatchPlan.tokens(texts, base.tokenizer(), limit), tokenBudget);
    List<Map<String, OnnxTensor>> inputs = new ArrayList<>();
    try {
      for (int[][] batch : batches) {
        inputs.add(inputs(batch));
      }
      double seconds = Workers.seconds(threads, inputs.size(), at -> run(inputs.get(at)));
      return texts.size() / seconds;
    } catch (OrtException e) {
      throw new IllegalStateException("a tensor cannot be made", e);
    } finally {
      inputs.forEach(each -> each.values().forEach(OnnxTensor::close));
    }
  }

  private void run(Map<String, OnnxTensor> inputs) {
    try (OrtSession.Result result = session.run(inputs)) {
      if (result.size() != 1) {
        throw new IllegalStateException(result.size() + " outputs, expected the logits");
      }
    } catch (OrtException e) {
      throw new IllegalStateException("the merged model fails", e);
    }
  }

  private Map<String, OnnxTensor> inputs(int[][] batch) throws OrtException {
    int width = batch[0].length;
    LongBuffer ids = direct(batch.length * width);
    LongBuffer mask = direct(batch.length * width);
    for (int[] row : batch) {
      for (int i = 0; i < width; i++) {
        ids.put(i < row.length ? row[i] : base.config().padTokenId());
        mask.put(i < row.length ? 1 : 0);
      }
    }
    long[] shape = {batch.length, width};
    return Map.of(
        "input_ids", OnnxTensor.createTensor(environment, ids.flip(), shape),
        "attention_mask", OnnxTensor.createTensor(environment, mask.flip(), shape));
  }

  private static LongBuffer direct(int values) {
    return ByteBuffer.allocateDirect(values * Long.BYTES)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer();
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("the merged model does not close", e);
    }
  }
}
