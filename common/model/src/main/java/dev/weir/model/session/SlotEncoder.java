package dev.weir.model.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.contract.fault.WeirException;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.ExecutionProviders;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.graph.OnnxGraph;
import dev.weir.model.graph.SlotGraph;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One ONNX Runtime session over a base model that serves many adapters: each row of a batch names
 * the slot whose adapter it wants.
 *
 * <p>{@link #run} may be called from many threads at once. {@link #write} and {@link #clear} change
 * native memory that runs read: the caller makes sure that no run uses that slot meanwhile
 * (leases); other slots are not touched. {@link #close} waits for runs in progress. Native memory:
 * the base's weights, and those of its {@link AdapterTables}.
 */
public final class SlotEncoder implements AutoCloseable {

  /** Most that a run takes along of slots; a batch that wants more is run in parts. */
  private static final long MOST_COPIED_BYTES = 256L << 20;

  private final ModelConfig config;
  private final OrtSession session;
  private final AdapterTables tables;
  private final boolean ownsTables;
  private final boolean copiesSlots;
  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
  private Set<String> providers = Set.of();
  private boolean closed;

  private SlotEncoder(
      ModelConfig config,
      OrtSession session,
      AdapterTables tables,
      boolean ownsTables,
      boolean copiesSlots) {
    this.config = config;
    this.session = session;
    this.tables = tables;
    this.ownsTables = ownsTables;
    this.copiesSlots = copiesSlots;
  }

  /**
   * An encoder with tables of its own, which close with it; the base may be closed afterwards,
   * though its weights are still read when an adapter with DoRA is written.
   *
   * @param intraOpThreads threads within one run, at least 1; for throughput use 1 and one caller
   *     per core
   * @throws ModelException {@code layout-too-large}, {@code invalid-graph}, {@code unwritable-file}
   */
  public static SlotEncoder open(
      BaseModel base, SlotLayout layout, Precision precision, int intraOpThreads) {
    AdapterTables tables = new AdapterTables(base, layout);
    try {
      return open(base, tables, precision, intraOpThreads, OnnxDevice.CPU, true, false);
    } catch (ModelException | IllegalArgumentException e) {
      tables.close();
      throw e;
    }
  }

  /** An encoder on the CPU over tables that others read as well; see the other method. */
  public static SlotEncoder over(
      BaseModel base, AdapterTables tables, Precision precision, int intraOpThreads) {
    return over(base, tables, precision, intraOpThreads, OnnxDevice.CPU);
  }

  /**
   * An encoder over tables that others read as well, such as one of another precision. It closes
   * before they do. On a GPU, which cannot read the tables where they are, each run takes along the
   * slots that its rows want.
   *
   * @param intraOpThreads threads within one run on the CPU, at least 1
   * @throws ModelException {@code invalid-graph}, {@code unwritable-file}
   * @throws dev.weir.model.device.DeviceException {@code no-cuda-libraries}, {@code gpu-unusable}
   */
  public static SlotEncoder over(
      BaseModel base,
      AdapterTables tables,
      Precision precision,
      int intraOpThreads,
      OnnxDevice device) {
    boolean copies = device == OnnxDevice.CUDA;
    return open(base, tables, precision, intraOpThreads, device, false, copies);
  }

  /** An encoder on the CPU whose runs take along their slots, as they do on a GPU. */
  static SlotEncoder copying(BaseModel base, AdapterTables tables, Precision precision) {
    return open(base, tables, precision, 1, OnnxDevice.CPU, false, true);
  }

  private static SlotEncoder open(
      BaseModel base,
      AdapterTables tables,
      Precision precision,
      int intraOpThreads,
      OnnxDevice device,
      boolean ownsTables,
      boolean copies) {
    if (intraOpThreads < 1) {
      throw new IllegalArgumentException("intraOpThreads must be at least 1: " + intraOpThreads);
    }
    OnnxGraph graph = SlotGraph.build(base, tables.layout(), precision, copies);
    OrtSession session = OnnxRuntime.open(graph, intraOpThreads, device);
    SlotEncoder encoder = new SlotEncoder(base.config(), session, tables, ownsTables, copies);
    try {
      encoder.providers = ExecutionProviders.of(session, encoder::firstRun);
      device.requireUsed(encoder.providers);
      return encoder;
    } catch (WeirException e) {
      OnnxRuntime.close(session);
      throw e;
    }
  }

  private void firstRun() {
    var unused = run(new int[][] {{0}}, new int[] {0});
  }

  /** The ONNX Runtime execution providers that a run of this session used. */
  public Set<String> providers() {
    return providers;
  }

  /** The shape of the slots. */
  public SlotLayout layout() {
    return tables.layout();
  }

  /** Puts an adapter into a slot; see {@link AdapterTables#write}. */
  public void write(int slot, AdapterWeights weights) {
    tables.write(slot, weights);
  }

  /** Makes a slot the bare base again, with logits 0. */
  public void clear(int slot) {
    tables.clear(slot);
  }

  /**
   * Encodes and classifies a batch, padding it to its longest text.
   *
   * @param tokenIds per text its token ids, 1 to {@link ModelConfig#maxPositions()} of them
   * @param slots per text its slot
   * @throws IllegalArgumentException if an id, length or slot is out of range
   * @throws IllegalStateException after {@link #close}
   * @throws ModelException {@code inference-failed}
   */
  public EncoderOutput run(int[][] tokenIds, int[] slots) {
    if (requireRows(tokenIds, slots) == 0) {
      return new EncoderOutput(new float[0][], new float[0][]);
    }
    return whileOpen(tokenIds.length, () -> runAll(tokenIds, slots));
  }

  /**
   * Classifies a batch as {@link #run} does, without fetching the text vectors, in native memory
   * that is used again: the path of a server.
   *
   * @param buffers the calling thread's own
   * @return {@code [rows][layout.labels]}; columns beyond the slot's own labels are 0
   */
  public float[][] logits(int[][] tokenIds, int[] slots, RunBuffers buffers) {
    if (requireRows(tokenIds, slots) == 0) {
      return new float[0][];
    }
    return whileOpen(tokenIds.length, () -> runLogits(tokenIds, slots, buffers));
  }

  private int requireRows(int[][] tokenIds, int[] slots) {
    if (tokenIds.length != slots.length) {
      throw new IllegalArgumentException(
          tokenIds.length + " texts, but " + slots.length + " slots");
    }
    for (int slot : slots) {
      tables.requireSlot(slot);
    }
    return slots.length;
  }

  private <T> T whileOpen(int rows, Run<T> run) {
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("This encoder is closed");
      }
      return run.run();
    } catch (OrtException e) {
      throw new ModelException(
          "inference-failed", "A batch of " + rows + " texts failed: " + e.getMessage(), e);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  private EncoderOutput runAll(int[][] tokenIds, int[] slots) throws OrtException {
    RunBuffers buffers = new RunBuffers();
    try (BatchTensors batch =
            copiesSlots
                ? withSlots(tokenIds, ChosenSlots.of(slots, 0, slots.length), buffers)
                : BatchTensors.of(tokenIds, slots, config, buffers);
        OrtSession.Result result = session.run(inputs(batch))) {
      return new EncoderOutput(
          (float[][]) result.get(SlotGraph.LOGITS).orElseThrow().getValue(),
          (float[][]) result.get(SlotGraph.POOLED).orElseThrow().getValue());
    }
  }

  private float[][] runLogits(int[][] tokenIds, int[] slots, RunBuffers buffers)
      throws OrtException {
    if (!copiesSlots) {
      try (BatchTensors batch = BatchTensors.of(tokenIds, slots, config, buffers)) {
        return logits(batch, tokenIds.length, buffers);
      }
    }
    List<float[]> logits = new ArrayList<>(tokenIds.length);
    int most = tables.slotsIn(MOST_COPIED_BYTES);
    while (logits.size() < tokenIds.length) {
      int from = logits.size();
      ChosenSlots chosen = ChosenSlots.of(slots, from, most);
      int rows = chosen.rows().length;
      int[][] some = Arrays.copyOfRange(tokenIds, from, from + rows);
      try (BatchTensors batch = withSlots(some, chosen, buffers)) {
        Collections.addAll(logits, logits(batch, rows, buffers));
      }
    }
    return logits.toArray(float[][]::new);
  }

  private float[][] logits(BatchTensors batch, int rows, RunBuffers buffers) throws OrtException {
    int labels = tables.layout().labels();
    FloatBuffer values = buffers.logits(Math.multiplyExact(rows, labels));
    try (OnnxTensor output =
            OnnxTensor.createTensor(OnnxRuntime.environment(), values, new long[] {rows, labels});
        OrtSession.Result result = session.run(inputs(batch), Map.of(SlotGraph.LOGITS, output))) {
      if (result.size() != 1) {
        throw new IllegalStateException("asked for the logits, got " + result.size() + " outputs");
      }
      float[][] logits = new float[rows][labels];
      for (float[] row : logits) {
        values.get(row);
      }
      return logits;
    }
  }

  /** The inputs of a run with copies of the slots that it wants. */
  private BatchTensors withSlots(int[][] tokenIds, ChosenSlots chosen, RunBuffers buffers)
      throws OrtException {
    BatchTensors batch = BatchTensors.of(tokenIds, chosen.rows(), config, buffers);
    try {
      tables.addTo(batch, chosen.slots(), buffers);
      return batch;
    } catch (OrtException e) {
      batch.close();
      throw e;
    }
  }

  private Map<String, OnnxTensor> inputs(BatchTensors batch) {
    if (copiesSlots) {
      return batch.tensors();
    }
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>(batch.tensors());
    inputs.putAll(tables.tensors());
    return inputs;
  }

  /** A run of the session. */
  private interface Run<T> {
    T run() throws OrtException;
  }

  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        OnnxRuntime.close(session);
        if (ownsTables) {
          tables.close();
        }
      }
    } finally {
      lifetime.writeLock().unlock();
    }
  }
}
