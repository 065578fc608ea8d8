package dev.weir.inference.release;

import dev.weir.contract.release.AdapterId;
import dev.weir.inference.slot.LoadFailure;
import java.time.Duration;

/**
 * Is told what came of the releases that this process took up. Called on loader threads, outside of
 * all locks that serving needs; must return soon, and not throw.
 */
public interface AdapterListener {

  /**
   * A version is in service.
   *
   * @param digest sha-256 (hex) of its manifest
   * @param took from taking up its record
   */
  void inService(AdapterId id, String digest, Duration took);

  /** A version could not be put into service; what served before goes on serving. */
  void failed(AdapterId id, LoadFailure failure);
}
