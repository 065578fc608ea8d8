package dev.weir.common.adapter;

import dev.weir.common.event.EventJson;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One record of the {@code adapters} topic: a release under {@code adapter@version}, or the
 * champion under the adapter's name.
 */
public sealed interface AdapterRecord {

  /** A training's outcome. */
  record Released(Release release) implements AdapterRecord {}

  /** The version that serves. */
  record Crowned(Champion champion) implements AdapterRecord {}

  /**
   * Reads a record; empty for tombstones and for records that are not ours to read: a stranger's
   * record on this topic must not stop a replica.
   */
  static Optional<AdapterRecord> read(byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null || value == null) {
      return Optional.empty();
    }
    try {
      if (new String(key, StandardCharsets.UTF_8).indexOf('@') >= 0) {
        return Optional.of(new Released(EventJson.read(value, Release.class)));
      }
      return Optional.of(new Crowned(EventJson.read(value, Champion.class)));
    } catch (UncheckedIOException e) {
      return Optional.empty();
    }
  }

  /** The key of a release. */
  static byte[] key(Release release) {
    return release.id().toString().getBytes(StandardCharsets.UTF_8);
  }

  /** The key of a champion. */
  static byte[] key(Champion champion) {
    return champion.adapter().getBytes(StandardCharsets.UTF_8);
  }
}
