package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one micro-batch: until it is closed, the leased slots are not rewritten and the
 * session is not closed.
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

  /** The leased champion of an adapter, or null when none serves or it was not asked for. */
  public @Nullable ServingAdapter adapter(String name) {
    AdapterId champion = state.champions().get(name);
    return champion == null ? null : leased.get(champion);
  }

  /** A leased version, or null when it is not in service or was not asked for. */
  public @Nullable ServingAdapter version(AdapterId id) {
    return leased.get(id);
  }

  /**
   * Scores a batch; see {@link SlotTable#run}.
   *
   * @throws IllegalStateException if the lease is closed
   */
  public float[][] run(int[][] tokenIds, int[] slots) {
    if (closed) {
      throw new IllegalStateException("the lease is closed");
    }
    return state.engine().table().run(tokenIds, slots);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    leased.values().forEach(adapter -> adapter.uses().release());
    state.engine().release();
  }
}
