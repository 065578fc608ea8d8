package dev.weir.service.ops;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes the parts of a process in the reverse order of their start, each of them even when another
 * one fails.
 *
 * <p>Thread-safe; closing twice does nothing the second time.
 */
public final class Lifecycle implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);

  private final Deque<Part> parts = new ArrayDeque<>();

  private record Part(String name, AutoCloseable closeable) {}

  /** Takes over a started part; it is closed before all parts added earlier. */
  public synchronized <T extends AutoCloseable> T add(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  @Override
  public synchronized void close() {
    while (!parts.isEmpty()) {
      Part part = parts.pop();
      try {
        part.closeable().close();
        LOG.debug("closed {}", part.name());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        LOG.warn("interrupted while closing {}", part.name());
      } catch (Exception e) {
        LOG.warn("closing {} failed; going on with the others", part.name(), e);
      }
    }
  }
}
