package dev.weir.inference.slot;

import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.util.Set;

/**
 * The base model with a fixed number of adapter slots, in one or more precisions that read the same
 * slots: what the registry needs of the model side.
 *
 * <p>{@link #run} is thread-safe. {@link #write} and {@link #copy} must not touch a slot that a run
 * reads, and {@link #close} must not overlap a run: both are kept by the registry's leases.
 */
public interface SlotTable extends AutoCloseable {

  /** The shape that adapters have to fit into. */
  SlotLayout layout();

  /** Puts an adapter into a slot, whatever the slot held before. */
  void write(int slot, AdapterWeights weights);

  /** Puts what a slot of a smaller table of the same opener holds into a slot of this one. */
  void copy(int slot, SlotTable from, int fromSlot);

  /**
   * Makes runs in a precision possible; opening takes some hundred milliseconds, asking again
   * nothing.
   */
  void open(Precision precision);

  /** The ONNX Runtime execution providers that an actual run in an opened precision used. */
  Set<String> providers(Precision precision);

  /**
   * Scores a padded batch.
   *
   * @param precision one that was opened
   * @param tokenIds one array per row, special tokens included
   * @param slots the slot that answers each row
   * @return logits {@code [rows][layout.labels]}, in the order of the rows
   */
  float[][] run(Precision precision, int[][] tokenIds, int[] slots);

  @Override
  void close();

  /** Opens tables over one base model. */
  interface Opener {

    /** A table of the given shape with empty slots, in no precision yet. */
    SlotTable open(SlotLayout layout);

    /** How many slots of a layout's shape the memory allows. */
    int mostSlots(SlotLayout layout);
  }
}
