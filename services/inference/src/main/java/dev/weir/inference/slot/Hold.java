package dev.weir.inference.slot;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a version from being evicted until it is closed: a text that waited for a version to be
 * loaded must find it when its turn comes, or it could wait for ever.
 *
 * <p>It does not load the version. Closing twice does nothing the second time. Thread-safe.
 */
public final class Hold implements AutoCloseable {

  private final Runnable end;
  private final AtomicBoolean closed = new AtomicBoolean();

  Hold(Runnable end) {
    this.end = end;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      end.run();
    }
  }
}
