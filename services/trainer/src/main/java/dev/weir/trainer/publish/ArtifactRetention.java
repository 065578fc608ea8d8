package dev.weir.trainer.publish;

import dev.weir.contract.release.AdapterId;
import dev.weir.store.artifact.ArtifactStore;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Removes old artifacts: the newest few, the champion, what served before it and what an operator's
 * plan names stay. So does whatever this installation's releases do not know under its digest.
 *
 * <p>Stateless.
 */
public final class ArtifactRetention {

  private final ArtifactStore store;
  private final int keep;

  /** Keeps the newest {@code keep} versions of each adapter. */
  public ArtifactRetention(ArtifactStore store, int keep) {
    this.store = store;
    this.keep = keep;
  }

  /**
   * Cleans up behind a new version.
   *
   * @param named versions that the adapter's plan names, or that it may go back to
   * @param published the digest under which a version was published here; empty for what was not
   * @return what was removed
   */
  public List<AdapterId> apply(
      AdapterId champion, Set<Integer> named, Function<AdapterId, Optional<String>> published) {
    List<AdapterId> versions =
        store.versions(champion.adapter()).stream()
            .filter(version -> published.apply(version).isPresent())
            .toList();
    List<AdapterId> old =
        versions.subList(0, Math.max(0, versions.size() - keep)).stream()
            .filter(version -> !version.equals(champion) && !named.contains(version.version()))
            .filter(version -> store.digest(version).equals(published.apply(version)))
            .toList();
    old.forEach(store::delete);
    return old;
  }
}
