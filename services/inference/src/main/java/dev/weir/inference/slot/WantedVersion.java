package dev.weir.inference.slot;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import org.jspecify.annotations.Nullable;

/**
 * One version that should be in service.
 *
 * @param id which one
 * @param digest sha-256 (hex) of its manifest, as the record that wants it says
 * @param release its release record, or {@code null} when it is not known
 */
public record WantedVersion(AdapterId id, String digest, @Nullable Release release) {

  /** The version that a champion record names. */
  public static WantedVersion of(Champion champion, @Nullable Release release) {
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
