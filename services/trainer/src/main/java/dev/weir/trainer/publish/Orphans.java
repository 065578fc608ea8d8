package dev.weir.trainer.publish;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.topic.Installation;
import dev.weir.contract.topic.Topics;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the versions that are in the store and on no release record: gives numbers above them,
 * and finds the one that an earlier try of the same training left behind.
 *
 * <p>Nothing is deleted here: a version without a record may have been announced on a topic that
 * was lost since. Used by the fitting thread.
 */
public final class Orphans {

  private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);

  private final ReleaseLog releases;
  private final ArtifactStore store;
  private final Topics topics;

  /** What is in {@code store} and not in {@code releases}. */
  public Orphans(ReleaseLog releases, ArtifactStore store, Topics topics) {
    this.releases = releases;
    this.store = store;
    this.topics = topics;
  }

  /** The id that the adapter's next version gets: above the topic's and the store's highest. */
  public AdapterId next(String adapter) {
    int highest =
        store.versions(adapter).stream()
            .mapToInt(AdapterId::version)
            .filter(version -> version <= ReleaseLog.MOST_VERSIONS)
            .max()
            .orElse(0);
    return new AdapterId(adapter, Math.max(highest, releases.highest(adapter)) + 1);
  }

  /**
   * The artifact that an earlier try of this training left in the store before it could announce
   * it. Others are stepped over with a warning.
   */
  public Optional<AdapterId> leftBy(TrainingBatch batch, Method method, Installation ours) {
    Optional<AdapterId> found = Optional.empty();
    for (AdapterId id : store.versions(batch.adapter())) {
      if (id.version() <= releases.highest(batch.adapter())) {
        continue;
      }
      if (isOf(id, batch, method, ours)) {
        found = Optional.of(id);
      } else {
        LOG.warn(
            "{} is in the store and on no release record; it is left alone and its number is not"
                + " given again",
            id);
      }
    }
    return found;
  }

  private boolean isOf(AdapterId id, TrainingBatch batch, Method method, Installation ours) {
    try {
      Optional<Manifest> manifest = store.manifest(id);
      return manifest.isPresent()
          && manifest.get().method() == method
          && manifest.get().lineage() != null
          && batch.id().equals(manifest.get().lineage().batchId())
          && madeBy(manifest.get().lineage(), ours, topics);
    } catch (StoreException e) {
      if (e.reason().equals("store-io")) {
        throw e;
      }
      LOG.warn("{} in the store is no artifact: {}", id, e.getMessage());
      return false;
    }
  }

  /**
   * Whether nothing in a lineage says that another installation made the artifact. Lineages of
   * earlier versions name no owner; the topic that the examples came from has the prefix.
   */
  static boolean madeBy(Manifest.Lineage lineage, Installation ours, Topics topics) {
    Installation owner = lineage.owner();
    return owner != null
        ? owner.equals(ours)
        : lineage.examples().stream().allMatch(read -> topics.examples().equals(read.topic()));
  }
}
