package dev.weir.common.model;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.DenseLayer;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.adapter.LoraPair;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One ONNX Runtime session over a base model that serves many adapters: each row of a batch names
 * the slot whose adapter it wants.
 *
 * <p>A slot that was never written, or was cleared, is the bare base with logits 0. {@link #run}
 * may be called from many threads at once. {@link #write} and {@link #clear} change native memory
 * that runs read: the caller makes sure that no run uses that slot meanwhile (leases); other slots
 * are not touched. {@link #close} waits for runs in progress. Native memory: the base's weights,
 * and {@code slots · (heads + LoRA)} floats.
 */
public final class SlotEncoder implements AutoCloseable {
  private final BaseModel base;
  private final ModelConfig config;
  private final SlotLayout layout;
  private final OrtSession session;
  private final Map<String, SlotTable> tables;
  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
  private boolean closed;

  private SlotEncoder(
      BaseModel base, SlotLayout layout, OrtSession session, Map<String, SlotTable> tables) {
    this.base = base;
    this.config = base.config();
    this.layout = layout;
    this.session = session;
    this.tables = tables;
  }

  /**
   * Builds the graph and opens the session; the base may be closed afterwards. Its weights are
   * still read when an adapter with DoRA is written.
   *
   * @param intraOpThreads threads within one run, at least 1; for throughput use 1 and one caller
   *     per core
   * @throws ModelException {@code layout-too-large}, {@code invalid-graph}, {@code unwritable-file}
   */
  public static SlotEncoder open(
      BaseModel base, SlotLayout layout, Precision precision, int intraOpThreads) {
    if (intraOpThreads < 1) {
      throw new IllegalArgumentException("intraOpThreads must be at least 1: " + intraOpThreads);
    }
    Map<String, SlotTable> tables = tables(base.config(), layout);
    OrtSession session = OnnxRuntime.open(SlotGraph.build(base, layout, precision), intraOpThreads);
    return new SlotEncoder(base, layout, session, tables);
  }

  public SlotLayout layout() {
    return layout;
  }

  /**
   * Puts an adapter into a slot. A smaller rank, fewer targets and fewer labels are padded by
   * zeros; without DoRA the outputs' factors are 1.
   *
   * @throws ModelException {@code rank-too-large}, {@code target-not-in-layout}, {@code
   *     dora-not-in-layout}, {@code too-many-labels}, {@code adapter-shape-mismatch}, {@code
   *     adapter-not-finite}; the slot is unchanged then
   */
  public void write(int slot, AdapterWeights weights) {
    requireSlot(slot);
    weights.validate(config);
    requireFits(weights);
    int labels = weights.labels().size();
    int hidden = config.hiddenSize();
    for (LinearModule module : layout.targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        LoraPair pair = weights.pairs().get(path);
        if (pair == null) {
          table(SlotGraph.tableA(path)).clear(slot);
          table(SlotGraph.tableB(path)).clear(slot);
          if (layout.dora()) {
            table(SlotGraph.tableScale(path)).clear(slot);
          }
        } else {
          write(slot, path, pair, weights.lora(), module.in(config), module.out(config));
        }
      }
    }
    DenseLayer dense = weights.dense();
    if (dense != null) {
      float[] transposed = Matrices.transpose(dense.weight(), hidden, hidden);
      table(SlotGraph.DENSE_WEIGHT).write(slot, transposed, hidden, hidden);
      table(SlotGraph.DENSE_BIAS).write(slot, dense.bias(), 1, hidden);
    }
    float[] head = Matrices.transpose(weights.headWeight(), labels, hidden);
    table(SlotGraph.HEAD_WEIGHT).write(slot, head, hidden, labels);
    table(SlotGraph.HEAD_BIAS).write(slot, weights.headBias(), 1, labels);
  }

  private void write(int slot, String path, LoraPair pair, LoraConfig lora, int in, int out) {
    int rank = lora.rank(path);
    double scaling = lora.scaling(path);
    table(SlotGraph.tableA(path)).write(slot, Matrices.transpose(pair.a(), rank, in), in, rank);
    float[] scaled = Matrices.transpose(pair.b(), out, rank);
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= (float) scaling;
    }
    table(SlotGraph.tableB(path)).write(slot, scaled, rank, out);
    if (layout.dora()) {
      float[] weight = base.weight(WeightNames.weight(path)).data();
      float[] factors = Matrices.outputFactors(weight, pair, rank, scaling);
      table(SlotGraph.tableScale(path)).write(slot, factors, 1, out);
    }
  }

  /** Makes a slot the bare base again, with logits 0. */
  public void clear(int slot) {
    requireSlot(slot);
    tables.values().forEach(table -> table.clear(slot));
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
      requireSlot(slot);
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
    try (BatchTensors batch = BatchTensors.of(tokenIds, slots, config, new RunBuffers());
        OrtSession.Result result = session.run(inputs(batch))) {
      return new EncoderOutput(
          (float[][]) result.get(SlotGraph.LOGITS).orElseThrow().getValue(),
          (float[][]) result.get(SlotGraph.POOLED).orElseThrow().getValue());
    }
  }

  private float[][] runLogits(int[][] tokenIds, int[] slots, RunBuffers buffers)
      throws OrtException {
    int rows = tokenIds.length;
    int labels = layout.labels();
    FloatBuffer values = buffers.logits(Math.multiplyExact(rows, labels));
    try (BatchTensors batch = BatchTensors.of(tokenIds, slots, config, buffers);
        OnnxTensor output =
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

  private Map<String, OnnxTensor> inputs(BatchTensors batch) {
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>(batch.tensors());
    tables.forEach((name, table) -> inputs.put(name, table.tensor()));
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
        session.close();
        tables.values().forEach(SlotTable::close);
      }
    } catch (OrtException e) {
      throw new ModelException("inference-failed", "The session does not close: " + e, e);
    } finally {
      lifetime.writeLock().unlock();
    }
  }

  private static Map<String, SlotTable> tables(ModelConfig config, SlotLayout layout) {
    Map<String, SlotTable> tables = new LinkedHashMap<>();
    for (LinearModule module : layout.targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        add(tables, SlotGraph.tableA(path), layout, module.in(config), layout.rank());
        add(tables, SlotGraph.tableB(path), layout, layout.rank(), module.out(config));
        if (layout.dora()) {
          String scale = SlotGraph.tableScale(path);
          tables.put(scale, new SlotTable(scale, layout.slots(), 1, module.out(config), 1));
        }
      }
    }
    if (config.head().hasDense()) {
      add(tables, SlotGraph.DENSE_WEIGHT, layout, config.hiddenSize(), config.hiddenSize());
      add(tables, SlotGraph.DENSE_BIAS, layout, 1, config.hiddenSize());
    }
    add(tables, SlotGraph.HEAD_WEIGHT, layout, config.hiddenSize(), layout.labels());
    add(tables, SlotGraph.HEAD_BIAS, layout, 1, layout.labels());
    return tables;
  }

  private static void add(
      Map<String, SlotTable> tables, String name, SlotLayout layout, int rows, int columns) {
    tables.put(name, new SlotTable(name, layout.slots(), rows, columns, 0));
  }

  private SlotTable table(String name) {
    SlotTable table = tables.get(name);
    if (table == null) {
      throw new IllegalStateException("No table " + name);
    }
    return table;
  }

  private void requireSlot(int slot) {
    if (slot < 0 || slot >= layout.slots()) {
      throw new IllegalArgumentException(
          "Slot " + slot + " is outside the layout's " + layout.slots() + " slots");
    }
  }

  private void requireFits(AdapterWeights weights) {
    if (weights.lora().maxRank() > layout.rank()) {
      throw new ModelException(
          "rank-too-large",
          "Adapter has LoRA rank %d, slots hold rank %d; raise the slots' rank or train with a smaller one."
              .formatted(weights.lora().maxRank(), layout.rank()));
    }
    if (weights.lora().useDora() && !layout.dora()) {
      throw new ModelException(
          "dora-not-in-layout",
          "Adapter has DoRA's magnitudes, slots hold none; open slots with DoRA or train without it.");
    }
    if (!layout.targets().containsAll(weights.lora().targets())) {
      throw new ModelException(
          "target-not-in-layout",
          "Adapter changes %s, slots hold %s; add the missing targets to the slots or train without them."
              .formatted(weights.lora().targets(), layout.targets()));
    }
    if (weights.labels().size() > layout.labels()) {
      throw new ModelException(
          "too-many-labels",
          "Adapter has %d labels, slots hold %d; raise the slots' number of labels."
              .formatted(weights.labels().size(), layout.labels()));
    }
  }
}
