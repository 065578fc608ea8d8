package dev.weir.contract.release;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The version that serves, as it stands on the release topic under the adapter's name.
 *
 * @param adapter the adapter
 * @param version the version that every replica serves
 * @param digest sha-256 (hex) of its manifest
 * @param since when it became champion
 * @param servedBefore the versions that served before it, the last one first, without those that
 *     were rolled back from; {@code null} in records of earlier versions, which do not say. The
 *     topic is compacted, so the records of these champions may be gone
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Champion(
    String adapter,
    int version,
    String digest,
    Instant since,
    @Nullable List<Integer> servedBefore) {

  /** Copies the list. */
  public Champion {
    servedBefore = servedBefore == null ? null : List.copyOf(servedBefore);
  }

  /** A champion of which it is not said what served before it. */
  public Champion(String adapter, int version, String digest, Instant since) {
    this(adapter, version, digest, since, null);
  }

  /** Which version this is. */
  public AdapterId id() {
    return new AdapterId(adapter, version);
  }

  /** The same, after these versions. */
  public Champion after(List<Integer> served) {
    return new Champion(adapter, version, digest, since, served);
  }
}
