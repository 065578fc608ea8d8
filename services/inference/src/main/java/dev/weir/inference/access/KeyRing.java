package dev.weir.inference.access;

import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keys of a file, as they were when it was last read. Thread-safe. */
public final class KeyRing {

  private static final Logger LOG = LoggerFactory.getLogger(KeyRing.class);

  private final Path file;
  private volatile ApiKeys keys;

  /**
   * Reads the file.
   *
   * @throws IllegalArgumentException listing every bad line
   */
  public KeyRing(Path file) {
    this.file = file;
    this.keys = ApiKeys.read(file);
  }

  /** Where they are. */
  public Path file() {
    return file;
  }

  /** The keys that count now. */
  public ApiKeys keys() {
    return keys;
  }

  /**
   * Reads the file again. Keys that are gone from it open nothing from then on; a file that cannot
   * be used changes nothing.
   *
   * @return whether it was taken over
   */
  public boolean refresh() {
    try {
      ApiKeys read = ApiKeys.read(file);
      keys = read;
      LOG.info("{} API keys read from {}", read.size(), file);
      return true;
    } catch (IllegalArgumentException e) {
      LOG.error("the API keys before stay in use: WEIR_HTTP_KEYS_FILE {}", e.getMessage());
      return false;
    }
  }
}
