package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.model.SlotLayout;

/**
 * The base model with a fixed number of adapter slots: what the registry needs of the model side.
 *
 * <p>{@link #run} is thread-safe. {@link #write} must not touch a slot that a run reads, and {@link
 * #close} must not overlap a run: both are kept by the registry's leases.
 */
public interface SlotTable extends AutoCloseable {

  /** The shape that adapters have to fit into. */
  SlotLayout layout();

  /** Puts an adapter into a slot, whatever the slot held before. */
  void write(int slot, AdapterWeights weights);

  /**
   * Scores a padded batch.
   *
   * @param tokenIds one array per row, special tokens included
   * @param slots the slot that answers each row
   * @return logits {@code [rows][layout.labels]}, in the order of the rows
   */
  float[][] run(int[][] tokenIds, int[] slots);

  @Override
  void close();

  /** Opens tables over one base model. */
  @FunctionalInterface
  interface Opener {

    /** A table of the given shape with empty slots; takes some hundred milliseconds. */
    SlotTable open(SlotLayout layout);
  }
}
