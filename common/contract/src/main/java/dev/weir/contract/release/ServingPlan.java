package dev.weir.contract.release;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How an operator wants an adapter to be served, as it stands on the release topic under the
 * adapter's name and {@code #plan}. The champion has a key of its own: trainers write that one and
 * operators this one, so neither erases what the other wrote.
 *
 * @param adapter the adapter
 * @param pinned the version that serves whatever is promoted, or {@code null}
 * @param canary a version that answers a share of the reviews, or {@code null}
 * @param shadow a version that scores the same reviews and never answers, or {@code null}
 * @param abstainBelow an answer whose best label is less probable than this is abstained; 0 is off
 * @param since when it was set
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ServingPlan(
    String adapter,
    @Nullable Pin pinned,
    @Nullable Canary canary,
    @Nullable Shadow shadow,
    Double abstainBelow,
    Instant since) {

  /**
   * Checks the threshold.
   *
   * @throws IllegalArgumentException if it is not in 0 to 1, 1 left out
   */
  public ServingPlan {
    Objects.requireNonNull(adapter, "adapter");
    abstainBelow = Objects.requireNonNullElse(abstainBelow, 0.0);
    if (!(abstainBelow >= 0 && abstainBelow < 1)) {
      throw new IllegalArgumentException(
          "abstainBelow is %s, it must be at least 0 (off) and below 1".formatted(abstainBelow));
    }
  }

  /** Nothing but the champion. */
  public static ServingPlan none(String adapter) {
    return new ServingPlan(adapter, null, null, null, 0.0, Instant.EPOCH);
  }

  /**
   * A version that serves until it is unpinned.
   *
   * @param version the version
   * @param digest sha-256 (hex) of its manifest
   * @param rolledBackFrom the version that served before a rollback, or {@code null} when it was no
   *     rollback that pinned it
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Pin(int version, String digest, @Nullable Integer rolledBackFrom) {

    /** Checks version and digest. */
    public Pin {
      check(version, digest);
    }
  }

  /**
   * A version that answers a share of the reviews.
   *
   * @param version the version
   * @param digest sha-256 (hex) of its manifest
   * @param share 0 to 1
   */
  public record Canary(int version, String digest, double share) {

    /**
     * Checks version, digest and share.
     *
     * @throws IllegalArgumentException if the share is not in 0 to 1
     */
    public Canary {
      check(version, digest);
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException("share is %s, it must be in 0 to 1".formatted(share));
      }
    }
  }

  /**
   * A version that scores and does not answer.
   *
   * @param version the version
   * @param digest sha-256 (hex) of its manifest
   */
  public record Shadow(int version, String digest) {

    /** Checks version and digest. */
    public Shadow {
      check(version, digest);
    }
  }

  private static void check(int version, String digest) {
    Objects.requireNonNull(digest, "digest");
    if (version < 1) {
      throw new IllegalArgumentException("adapter version " + version + " is below 1");
    }
  }

  /** The pinned version as a champion, or {@code null} when none is pinned. */
  public @Nullable Champion pinnedChampion() {
    return pinned == null ? null : new Champion(adapter, pinned.version(), pinned.digest(), since);
  }

  /** All versions that it names: their artifacts must be kept. */
  public Set<Integer> versions() {
    Set<Integer> versions = new TreeSet<>();
    if (pinned != null) {
      versions.add(pinned.version());
    }
    if (canary != null) {
      versions.add(canary.version());
    }
    if (shadow != null) {
      versions.add(shadow.version());
    }
    return versions;
  }

  /** The same with another pin, or with none. */
  public ServingPlan withPinned(@Nullable Pin other) {
    return new ServingPlan(adapter, other, canary, shadow, abstainBelow, since);
  }

  /** The same with another canary, or with none. */
  public ServingPlan withCanary(@Nullable Canary other) {
    return new ServingPlan(adapter, pinned, other, shadow, abstainBelow, since);
  }

  /** The same with another shadow, or with none. */
  public ServingPlan withShadow(@Nullable Shadow other) {
    return new ServingPlan(adapter, pinned, canary, other, abstainBelow, since);
  }

  /** The same with another threshold; 0 is off. */
  public ServingPlan withAbstainBelow(double other) {
    return new ServingPlan(adapter, pinned, canary, shadow, other, since);
  }

  /** The same, set at another time. */
  public ServingPlan at(Instant time) {
    return new ServingPlan(adapter, pinned, canary, shadow, abstainBelow, time);
  }
}
