package dev.weir.common.adapter;

import dev.weir.common.event.EventJson;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One record of the {@code adapters} topic: a release under {@code adapter@version}, the champion
 * under the adapter's name, or an operator's plan under {@code adapter#plan}.
 */
public sealed interface AdapterRecord {

  /** No adapter's name has this sign in it, and what follows it is nobody's version. */
  String PLAN = "#plan";

  /** A training's outcome. */
  record Released(Release release) implements AdapterRecord {}

  /** The version that serves. */
  record Crowned(Champion champion) implements AdapterRecord {}

  /** How an operator wants an adapter to be served. Readers that know no plans skip it. */
  record Planned(ServingPlan plan) implements AdapterRecord {}

  /**
   * Reads a record; empty for tombstones and for records that are not ours to read: a stranger's
   * record on this topic must not stop a replica.
   */
  static Optional<AdapterRecord> read(byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null || value == null) {
      return Optional.empty();
    }
    try {
      String name = new String(key, StandardCharsets.UTF_8);
      if (name.endsWith(PLAN)) {
        ServingPlan plan = EventJson.read(value, ServingPlan.class);
        return name.equals(plan.adapter() + PLAN)
            ? Optional.of(new Planned(plan))
            : Optional.empty();
      }
      if (name.indexOf('@') >= 0) {
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

  /** The key of a plan. */
  static byte[] key(ServingPlan plan) {
    return (plan.adapter() + PLAN).getBytes(StandardCharsets.UTF_8);
  }

  /** The adapter whose plan stands under a key; empty for the keys of other records. */
  static Optional<String> plannedAdapter(byte @Nullable [] key) {
    String name = key == null ? "" : new String(key, StandardCharsets.UTF_8);
    return name.endsWith(PLAN)
        ? Optional.of(name.substring(0, name.length() - PLAN.length()))
        : Optional.empty();
  }
}
