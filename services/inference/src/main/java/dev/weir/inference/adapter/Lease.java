package dev.weir.inference.adapter;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one micro-batch: until it is closed, the leased slots are not rewritten and the
 * session is not closed.
 *
 * <p>Belongs to one thread, which closes it. Closing twice does nothing the second time.
 */
public final class Lease implements AutoCloseable {

  private final Engine engine;
  private final Map<String, ServingAdapter> adapters;
  private boolean closed;

  Lease(Engine engine, Map<String, ServingAdapter> adapters) {
    this.engine = engine;
    this.adapters = adapters;
  }

  /** The leased version of an adapter, or null when none serves. */
  public @Nullable ServingAdapter adapter(String name) {
    return adapters.get(name);
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
    return engine.table().run(tokenIds, slots);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    adapters.values().forEach(adapter -> adapter.uses().release());
    engine.release();
  }
}
