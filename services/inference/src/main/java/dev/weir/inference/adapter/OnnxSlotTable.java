package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.BaseModel;
import dev.weir.common.model.Precision;
import dev.weir.common.model.RunBuffers;
import dev.weir.common.model.SlotEncoder;
import dev.weir.common.model.SlotLayout;

/** A slot table on ONNX Runtime: one session, one intra-op thread per caller. */
public final class OnnxSlotTable implements SlotTable {

  /**
   * One per thread that runs, scorers above all, and none per engine: an engine that takes over
   * from another one finds them warm.
   */
  private static final ThreadLocal<RunBuffers> BUFFERS = ThreadLocal.withInitial(RunBuffers::new);

  private final SlotEncoder encoder;

  private OnnxSlotTable(SlotEncoder encoder) {
    this.encoder = encoder;
  }

  /**
   * Opens tables over {@code base}. Callers run side by side, one per core, so each run keeps to
   * its caller's thread: on short texts that beats several intra-op threads.
   */
  public static Opener over(BaseModel base, Precision precision) {
    return layout -> new OnnxSlotTable(SlotEncoder.open(base, layout, precision, 1));
  }

  @Override
  public SlotLayout layout() {
    return encoder.layout();
  }

  @Override
  public void write(int slot, AdapterWeights weights) {
    encoder.write(slot, weights);
  }

  @Override
  public float[][] run(int[][] tokenIds, int[] slots) {
    return encoder.logits(tokenIds, slots, BUFFERS.get());
  }

  @Override
  public void close() {
    encoder.close();
  }
}
