package dev.weir.model.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotGraph;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.WeightNames;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.model.weights.Matrices;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The numbers of many adapters, one per slot, in native memory that {@link SlotEncoder}s read: of
 * one base model, in any precision, since LoRA and heads are 32-bit floats in all of them.
 *
 * <p>A slot that was never written, or was cleared, is the bare base with logits 0. Slots may be
 * written side by side; nobody may read a slot while it is written. Whoever opened the tables
 * closes them, after the encoders over them. Memory: {@link #slotBytes} per slot, out of the JVM's
 * direct memory ({@code -XX:MaxDirectMemorySize}).
 */
public final class AdapterTables implements AutoCloseable {

  private final BaseModel base;
  private final ModelConfig config;
  private final SlotLayout layout;
  private final Map<String, SlotTable> tables = new LinkedHashMap<>();
  private final Map<String, OnnxTensor> tensors = new LinkedHashMap<>();

  /**
   * Allocates empty slots. The base's weights are read when an adapter with DoRA is written.
   *
   * @throws ModelException {@code layout-too-large}
   */
  public AdapterTables(BaseModel base, SlotLayout layout) {
    this.base = base;
    this.config = base.config();
    this.layout = layout;
    try {
      shapes(config, layout)
          .forEach(
              (name, shape) ->
                  tables.put(
                      name,
                      new SlotTable(
                          name, layout.slots(), shape.rows(), shape.columns(), shape.blank())));
    } catch (ModelException e) {
      close();
      throw e;
    }
    tables.forEach((name, table) -> tensors.put(name, table.tensor()));
  }

  /** Native memory that one slot takes, in bytes. */
  public static long slotBytes(ModelConfig config, SlotLayout layout) {
    return shapes(config, layout).values().stream().mapToLong(Shape::bytes).sum();
  }

  /** How many slots of a layout's shape fit into {@code bytes} and into what one table may have. */
  public static int mostSlots(ModelConfig config, SlotLayout layout, long bytes) {
    long largest = shapes(config, layout).values().stream().mapToLong(Shape::bytes).max().orElse(1);
    long most = Math.min(bytes / slotBytes(config, layout), SlotTable.MAX_BYTES / largest);
    return (int) Math.min(most, Integer.MAX_VALUE);
  }

  /** The fixed shape. */
  public SlotLayout layout() {
    return layout;
  }

  /** The tensors by the graph's input names. */
  Map<String, OnnxTensor> tensors() {
    return tensors;
  }

  /** How many slots take {@code bytes} at most, be it none. */
  int slotsIn(long bytes) {
    return (int) Math.min(layout.slots(), bytes / slotBytes(config, layout));
  }

  /**
   * Adds some slots, in the given order, to the inputs of a run: copies in {@code buffers}, which
   * the run alone reads.
   */
  void addTo(BatchTensors batch, int[] slots, RunBuffers buffers) throws OrtException {
    int values = tables.values().stream().mapToInt(SlotTable::size).sum();
    FloatBuffer all = buffers.tables(Math.multiplyExact(slots.length, values));
    int at = 0;
    for (Map.Entry<String, SlotTable> entry : tables.entrySet()) {
      SlotTable table = entry.getValue();
      int size = slots.length * table.size();
      batch.own(entry.getKey(), table.copyOf(slots, all.slice(at, size)));
      at += size;
    }
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

  /**
   * Puts what a slot of other tables holds into a slot of these: growing needs no adapter's files.
   * Runs may read the other slot meanwhile.
   *
   * @throws IllegalArgumentException if these tables are smaller in any way
   */
  public void copy(int slot, AdapterTables from, int fromSlot) {
    requireSlot(slot);
    from.requireSlot(fromSlot);
    if (!tables.keySet().containsAll(from.tables.keySet())) {
      throw new IllegalArgumentException(
          "An adapter of %s does not fit into %s".formatted(from.layout, layout));
    }
    tables.forEach(
        (name, table) -> {
          SlotTable source = from.tables.get(name);
          if (source == null) {
            table.clear(slot);
          } else {
            table.copy(slot, source, fromSlot);
          }
        });
  }

  /** Makes a slot the bare base again, with logits 0. */
  public void clear(int slot) {
    requireSlot(slot);
    tables.values().forEach(table -> table.clear(slot));
  }

  void requireSlot(int slot) {
    if (slot < 0 || slot >= layout.slots()) {
      throw new IllegalArgumentException(
          "Slot " + slot + " is outside the layout's " + layout.slots() + " slots");
    }
  }

  @Override
  public void close() {
    tables.values().forEach(SlotTable::close);
  }

  /** One table's matrix per slot, and what an empty slot holds in it everywhere. */
  private record Shape(int rows, int columns, float blank) {
    long bytes() {
      return (long) rows * columns * Float.BYTES;
    }
  }

  private static Map<String, Shape> shapes(ModelConfig config, SlotLayout layout) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    int hidden = config.hiddenSize();
    for (LinearModule module : layout.targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        shapes.put(SlotGraph.tableA(path), new Shape(module.in(config), layout.rank(), 0));
        shapes.put(SlotGraph.tableB(path), new Shape(layout.rank(), module.out(config), 0));
        if (layout.dora()) {
          shapes.put(SlotGraph.tableScale(path), new Shape(1, module.out(config), 1));
        }
      }
    }
    if (config.head().hasDense()) {
      shapes.put(SlotGraph.DENSE_WEIGHT, new Shape(hidden, hidden, 0));
      shapes.put(SlotGraph.DENSE_BIAS, new Shape(1, hidden, 0));
    }
    shapes.put(SlotGraph.HEAD_WEIGHT, new Shape(hidden, layout.labels(), 0));
    shapes.put(SlotGraph.HEAD_BIAS, new Shape(1, layout.labels(), 0));
    return shapes;
  }

  private SlotTable table(String name) {
    SlotTable table = tables.get(name);
    if (table == null) {
      throw new IllegalStateException("No table " + name);
    }
    return table;
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
