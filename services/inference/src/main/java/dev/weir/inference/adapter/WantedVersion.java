package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Release;
import org.jspecify.annotations.Nullable;

/**
 * One version that should be in service.
 *
 * @param id which one
 * @param digest sha-256 (hex) of its manifest, as the record that wants it says
 * @param release its release record, or {@code null} when it is not known
 */
record WantedVersion(AdapterId id, String digest, @Nullable Release release) {

  /** The version that a champion record names. */
  static WantedVersion of(Champion champion, @Nullable Release release) {
    return new WantedVersion(champion.id(), champion.digest(), release);
  }

  /** Whether a version that was loaded earlier is what the records of now say. */
  boolean describes(ServingAdapter version) {
    return id.equals(version.id())
        && digest.equals(version.digest())
        && (release == null
            || (digest.equals(release.digest())
                && release.labels().equals(version.labels())
                && (release.precisions().isEmpty()
                    || release.precisions().containsAll(version.facts().allowed()))));
  }
}
