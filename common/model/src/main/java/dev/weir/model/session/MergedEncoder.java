package dev.weir.model.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.contract.fault.WeirException;
import dev.weir.model.device.ExecutionProviders;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.graph.OnnxInspection;
import dev.weir.model.graph.PortableGraph;
import dev.weir.model.spec.ModelException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A session over a {@link MergedModel}'s file: one adapter, none of the LoRA's cost per text, and
 * the whole base's memory again.
 *
 * <p>{@link #run} may be called from many threads at once; none may be running when the encoder is
 * closed. The file is not needed after it was opened.
 */
public final class MergedEncoder implements AutoCloseable {

  private final Path file;
  private final OrtSession session;
  private final List<String> labels;
  private final int padTokenId;
  private Set<String> providers = Set.of();
  private final AtomicBoolean closed = new AtomicBoolean();

  private MergedEncoder(Path file, OrtSession session, List<String> labels, int padTokenId) {
    this.file = file;
    this.session = session;
    this.labels = labels;
    this.padTokenId = padTokenId;
  }

  /** Opens a file on the CPU; see the other method. */
  public static MergedEncoder open(Path file, int intraOpThreads, int padTokenId) {
    return open(file, intraOpThreads, padTokenId, OnnxDevice.CPU);
  }

  /**
   * Opens a file.
   *
   * @param intraOpThreads threads within one run on the CPU, at least 1
   * @param padTokenId the base model's
   * @throws ModelException {@code invalid-graph}, {@code operator-not-allowed}, {@code
   *     external-data}: the file may be anybody's, and is looked into before the runtime opens it
   * @throws dev.weir.model.device.DeviceException {@code no-cuda-libraries}, {@code gpu-unusable}
   */
  public static MergedEncoder open(
      Path file, int intraOpThreads, int padTokenId, OnnxDevice device) {
    OnnxInspection.check(file);
    OrtSession session = OnnxRuntime.open(file, intraOpThreads, device);
    try {
      MergedEncoder encoder = of(file, session, padTokenId);
      encoder.providers = ExecutionProviders.of(session, encoder::firstRun);
      device.requireUsed(encoder.providers);
      return encoder;
    } catch (WeirException e) {
      OnnxRuntime.close(session);
      throw e;
    }
  }

  /**
   * Whether a file's answers depend on the texts of the same batch: so it is with 8-bit models of
   * earlier versions, which have one activation scale per batch.
   *
   * @throws ModelException as {@link #open} does for a file that is not to be opened
   */
  public static boolean dependsOnBatch(Path file) {
    return OnnxInspection.dependsOnBatch(file);
  }

  private static MergedEncoder of(Path file, OrtSession session, int padTokenId) {
    try {
      String labels = session.getMetadata().getCustomMetadataValue("labels").orElse("");
      return new MergedEncoder(file, session, List.of(labels.split("\n", -1)), padTokenId);
    } catch (OrtException e) {
      throw new ModelException("invalid-graph", file + " has no metadata: " + e.getMessage(), e);
    }
  }

  private void firstRun() {
    var unused = run(new int[][] {{padTokenId}});
  }

  /** The ONNX Runtime execution providers that a run of this session used. */
  public Set<String> providers() {
    return providers;
  }

  /** The labels that the file names, in the order of the logits. */
  public List<String> labels() {
    return labels;
  }

  /**
   * Classifies a batch, padding it to its longest text.
   *
   * @return {@code [texts][labels]}
   * @throws ModelException {@code inference-failed}
   */
  public float[][] run(int[][] tokenIds) {
    if (tokenIds.length == 0) {
      return new float[0][];
    }
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
    } catch (OrtException e) {
      throw new ModelException("inference-failed", file + " fails: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      OnnxRuntime.close(session);
    }
  }
}
