package dev.weir.inference.control;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.inference.control.ControlException.Kind;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says of a version whether it can be served here: released, promoted by the gate, of this base,
 * and with its artifact still in the store. Blocks on the store; thread-safe.
 */
final class ServableVersions {

  private static final Logger LOG = LoggerFactory.getLogger(ServableVersions.class);

  private final AnnouncedAdapters announced;
  private final ArtifactStore store;
  private final String baseDigest;
  private final AdapterLoader loader;
  private final Clock clock;

  ServableVersions(
      AnnouncedAdapters announced,
      AdapterLoader loader,
      ArtifactStore store,
      String baseDigest,
      Clock clock) {
    this.announced = announced;
    this.loader = loader;
    this.store = store;
    this.baseDigest = baseDigest;
    this.clock = clock;
  }

  /**
   * A version as the champion that it would be.
   *
   * @throws ControlException if it cannot be served; the message says why and what can
   */
  Champion require(String adapter, int version) {
    Release release =
        announced
            .release(adapter, version)
            .orElseThrow(
                () ->
                    new ControlException(
                        Kind.UNKNOWN,
                        "unknown-version",
                        "adapter '%s' has no version %d; %s"
                            .formatted(adapter, version, servable(adapter))));
    String digest = release.digest();
    if (release.state() == Release.State.RETAINED || digest == null) {
      throw new ControlException(
          Kind.CONFLICT,
          "version-retained",
          "%s was retained (%s) and has no artifact; %s"
              .formatted(release.id(), release.decision().reason(), servable(adapter)));
    }
    if (!release.baseDigest().equals(baseDigest)) {
      throw new ControlException(
          Kind.CONFLICT,
          "base-mismatch",
          "%s was trained on base %s with sha-256 %s, this process loaded %s; start with WEIR_BASE_MODEL=%s"
              .formatted(
                  release.id(),
                  release.baseModel(),
                  release.baseDigest(),
                  baseDigest,
                  release.baseModel()));
    }
    String stored =
        stored(release.id())
            .orElseThrow(
                () ->
                    new ControlException(
                        Kind.CONFLICT,
                        "artifact-gone",
                        "the artifact of %s is no longer in the store (WEIR_TRAIN_KEEP_VERSIONS says how many are kept); %s"
                            .formatted(release.id(), servable(adapter))));
    if (!stored.equals(digest)) {
      throw new ControlException(
          Kind.CONFLICT,
          "digest-mismatch",
          "the store has %s under digest %s, its release says %s; check who else writes there"
              .formatted(release.id(), stored, digest));
    }
    return champion(release, digest);
  }

  /**
   * The version that served last before another one, of those that can serve still: each is read
   * and checked here, so that nobody goes back to files that are damaged.
   */
  Optional<Champion> before(String adapter, int serving) {
    for (int version : announced.history().before(adapter, serving)) {
      Release release = announced.release(adapter, version).orElse(null);
      String digest = release == null ? null : release.digest();
      if (release != null && digest != null && servable(release) && loads(release, digest)) {
        return Optional.of(champion(release, digest));
      }
    }
    return Optional.empty();
  }

  private boolean loads(Release release, String digest) {
    try {
      Optional<String> problem = loader.problem(release, digest);
      problem.ifPresent(
          reason -> LOG.warn("{} is passed over in going back: {}", release.id(), reason));
      return problem.isEmpty();
    } catch (StoreException e) {
      throw unavailable(e);
    }
  }

  /** What can be served instead, for people. */
  String servable(String adapter) {
    List<String> versions =
        announced.releases(adapter).stream()
            .filter(this::servable)
            .map(release -> Integer.toString(release.version()))
            .toList();
    return versions.isEmpty()
        ? "no version can be served: produce labeled feedback, so that one is trained"
        : "versions that can be served: " + String.join(", ", versions);
  }

  private boolean servable(Release release) {
    return release.state() == Release.State.PROMOTED
        && release.digest() != null
        && release.baseDigest().equals(baseDigest)
        && stored(release.id()).filter(release.digest()::equals).isPresent();
  }

  private Optional<String> stored(AdapterId id) {
    try {
      return store.digest(id);
    } catch (StoreException e) {
      throw unavailable(e);
    }
  }

  private static ControlException unavailable(StoreException e) {
    return new ControlException(
        Kind.UNAVAILABLE,
        e.reason(),
        "the store did not answer: " + e.getMessage() + "; send it again later",
        e);
  }

  private Champion champion(Release release, String digest) {
    return new Champion(release.adapter(), release.version(), digest, clock.instant());
  }
}
