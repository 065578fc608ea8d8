package dev.weir.inference.slot;

import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.AdapterTables;
import dev.weir.model.session.RunBuffers;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A slot table on ONNX Runtime: one session per precision, all over the same slots, one intra-op
 * thread per caller.
 */
public final class OnnxSlotTable implements SlotTable {

  /**
   * One per thread that runs, scorers above all, and none per engine: an engine that takes over
   * from another one finds them warm.
   */
  private static final ThreadLocal<RunBuffers> BUFFERS = ThreadLocal.withInitial(RunBuffers::new);

  private final BaseModel base;
  private final AdapterTables tables;
  private final OnnxDevice device;
  private final Map<Precision, SlotEncoder> encoders = new ConcurrentHashMap<>();

  private OnnxSlotTable(BaseModel base, SlotLayout layout, OnnxDevice device) {
    this.base = base;
    this.device = device;
    this.tables = new AdapterTables(base, layout);
  }

  /**
   * Opens tables over {@code base}. Callers run side by side, one per core, so each run keeps to
   * its caller's thread: on short texts that beats several intra-op threads.
   *
   * @param slotMemory most bytes that the slots of one table may take
   */
  public static Opener over(BaseModel base, long slotMemory, OnnxDevice device) {
    return new Opener() {
      @Override
      public SlotTable open(SlotLayout layout) {
        return new OnnxSlotTable(base, layout, device);
      }

      @Override
      public int mostSlots(SlotLayout layout) {
        return AdapterTables.mostSlots(base.config(), layout, slotMemory);
      }
    };
  }

  @Override
  public SlotLayout layout() {
    return tables.layout();
  }

  @Override
  public void write(int slot, AdapterWeights weights) {
    tables.write(slot, weights);
  }

  @Override
  public void copy(int slot, SlotTable from, int fromSlot) {
    tables.copy(slot, ((OnnxSlotTable) from).tables, fromSlot);
  }

  @Override
  public void open(Precision precision) {
    encoders.computeIfAbsent(
        precision, wanted -> SlotEncoder.over(base, tables, wanted, 1, device));
  }

  @Override
  public Set<String> providers(Precision precision) {
    SlotEncoder encoder = encoders.get(precision);
    return encoder == null ? Set.of() : encoder.providers();
  }

  @Override
  public float[][] run(Precision precision, int[][] tokenIds, int[] slots) {
    SlotEncoder encoder = encoders.get(precision);
    if (encoder == null) {
      throw new IllegalStateException("precision " + precision.id() + " was not opened");
    }
    return encoder.logits(tokenIds, slots, BUFFERS.get());
  }

  @Override
  public void close() {
    encoders.values().forEach(SlotEncoder::close);
    tables.close();
  }
}
