package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one micro-batch: until it is closed, the leased slots are not rewritten and no
 * session of it is closed.
 *
 * <p>Belongs to one thread, which closes it. Closing twice does nothing the second time.
 */
public final class Lease implements AutoCloseable {

  private final ServingState state;
  private final Map<AdapterId, ServingAdapter> leased;
  private boolean closed;

  Lease(ServingState state, Map<AdapterId, ServingAdapter> leased) {
    this.state = state;
    this.leased = leased;
  }

  /** The state that everything leased is from: it says which version each adapter's champion is. */
  public ServingState state() {
    return state;
  }

  /**
   * The leased champion of an adapter, or null when none serves, it is evicted, or it was not asked
   * for.
   */
  public @Nullable ServingAdapter adapter(String name) {
    AdapterId champion = state.champions().get(name);
    return champion == null ? null : leased.get(champion);
  }

  /**
   * A leased version, or null when it is not in service, evicted, or was not asked for. An evicted
   * one is in the {@link #state} nevertheless.
   */
  public @Nullable ServingAdapter version(AdapterId id) {
    return leased.get(id);
  }

  /**
   * Scores a batch. Rows of different sessions, such as those of two precisions, run one session
   * after the other.
   *
   * @param tokenIds one array per row, special tokens included
   * @param versions the leased version that answers each row
   * @return logits by row; a row may have more of them than its version has labels
   * @throws IllegalStateException if the lease is closed, or a version was not leased
   */
  public float[][] run(int[][] tokenIds, List<ServingAdapter> versions) {
    if (closed) {
      throw new IllegalStateException("the lease is closed");
    }
    Map<Lane, List<Integer>> rowsByLane = new LinkedHashMap<>();
    int[] slots = new int[tokenIds.length];
    for (int row = 0; row < tokenIds.length; row++) {
      Placement placement = placement(versions.get(row));
      slots[row] = placement.slot();
      rowsByLane.computeIfAbsent(placement.lane(), lane -> new ArrayList<>()).add(row);
    }
    if (rowsByLane.size() == 1) {
      return rowsByLane.keySet().iterator().next().run(tokenIds, slots);
    }
    float[][] logits = new float[tokenIds.length][];
    rowsByLane.forEach(
        (lane, rows) -> {
          float[][] some =
              lane.run(
                  rows.stream().map(row -> tokenIds[row]).toArray(int[][]::new),
                  rows.stream().mapToInt(row -> slots[row]).toArray());
          for (int i = 0; i < some.length; i++) {
            logits[rows.get(i)] = some[i];
          }
        });
    return logits;
  }

  private Placement placement(ServingAdapter version) {
    ServingAdapter own = leased.get(version.id());
    Placement placement = own == version ? version.placement() : null;
    if (placement == null) {
      throw new IllegalStateException(version + " is not covered by this lease");
    }
    return placement;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      leased
          .values()
          .forEach(
              version -> {
                Placement placement = version.placement();
                if (placement != null) {
                  placement.uses().release();
                }
              });
    } finally {
      state.engine().release();
    }
  }
}
