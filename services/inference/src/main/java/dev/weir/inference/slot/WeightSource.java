package dev.weir.inference.slot;

import java.util.Optional;

/** Where an evicted version's numbers come from. Thread-safe. */
public interface WeightSource {

  /** Whether the version of a digest can be read without the store; quick. */
  boolean onDisk(String digest);

  /**
   * Reads a version from this process's own disk; empty when it is not there, or damaged.
   *
   * @throws RuntimeException if it cannot be used
   */
  Optional<LoadedAdapter> readCopy(ServingAdapter version);

  /**
   * Reads a version from the store; blocks on it.
   *
   * @throws RuntimeException if the store does not deliver it
   */
  LoadedAdapter fetch(ServingAdapter version);
}
