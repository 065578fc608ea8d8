package dev.weir.inference.stream;

import java.time.Duration;

/** Tells when the adapters are known, so that no review is abstained for want of patience. */
@FunctionalInterface
public interface AdaptersKnown {

  /** Waits; false when the time was up before. */
  boolean await(Duration timeout) throws InterruptedException;
}
