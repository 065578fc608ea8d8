package dev.weir.common.adapter;

import java.time.Instant;

/**
 * The version that serves, as it stands on the release topic under the adapter's name.
 *
 * @param adapter the adapter
 * @param version the version that every replica serves
 * @param digest sha-256 (hex) of its manifest
 * @param since when it became champion
 */
public record Champion(String adapter, int version, String digest, Instant since) {

  /** Which version this is. */
  public AdapterId id() {
    return new AdapterId(adapter, version);
  }
}
