package dev.weir.trainer.publish;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Installation;
import dev.weir.contract.topic.Topics;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the store for this installation before anything is written to it, and refuses a store of
 * another one.
 *
 * <p>A store of before there were owners is taken unless something in it speaks against it: an
 * artifact whose lineage names another installation or another installation's topic of examples, or
 * a version that this installation released under another digest. Thread-safe.
 */
public final class StoreClaim {

  /** The reason of the refusal. */
  public static final String NOT_OURS = "store-not-ours";

  private static final Logger LOG = LoggerFactory.getLogger(StoreClaim.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  private final Map<String, Object> kafka;
  private final Topics topics;
  private final ArtifactStore store;
  private final String where;
  private final MeterRegistry meters;
  private @Nullable Installation claimed; // guarded by this

  /**
   * A claim that is not made yet.
   *
   * @param where the store's address, for messages
   */
  public StoreClaim(
      Map<String, Object> kafka,
      Topics topics,
      ArtifactStore store,
      String where,
      MeterRegistry meters) {
    this.kafka = new HashMap<>(kafka);
    this.topics = topics;
    this.store = store;
    this.where = where;
    this.meters = meters;
  }

  /**
   * Makes the claim; once that is done, sees that the store is still there and still ours.
   *
   * @return this installation, whose store it is
   * @throws StoreException {@link #NOT_OURS} if the store is another installation's; {@code
   *     store-io} if it is away
   * @throws KafkaException if the broker is away
   */
  public synchronized Installation ensure() {
    Installation done = claimed;
    if (done != null) {
      requireStillOurs(done);
      return done;
    }
    Installation ours = new Installation(cluster(), topics.prefix());
    Optional<Installation> owner = store.owner();
    if (owner.isEmpty() && !store.adapters().isEmpty()) {
      requireUnclaimedArtifactsOurs(ours);
      LOG.info("the adapter store at {} had no owner; it is now that of {}", where, ours);
    }
    Installation present = owner.orElseGet(() -> store.claim(ours));
    if (!present.equals(ours)) {
      throw notOurs(ours, "belongs to " + present);
    }
    claimed = ours;
    return ours;
  }

  /** A directory that was moved away, or is not mounted, must not be begun anew in silence. */
  private void requireStillOurs(Installation ours) {
    Installation present =
        store
            .owner()
            .orElseThrow(
                () ->
                    new StoreException(
                        "store-io",
                        "the adapter store at %s is gone: it has no %s any more; put it back, or restart the trainer to begin with an empty one"
                            .formatted(where, ArtifactStore.OWNER),
                        null));
    if (!present.equals(ours)) {
      throw notOurs(ours, "belongs to " + present);
    }
  }

  private void requireUnclaimedArtifactsOurs(Installation ours) {
    try (ReleaseLog log = new ReleaseLog(kafka, topics, TIMEOUT, meters)) {
      log.refresh();
      for (String adapter : store.adapters()) {
        for (AdapterId id : store.versions(adapter)) {
          Optional<Manifest.Lineage> lineage = lineage(id);
          if (lineage.isPresent() && !Orphans.madeBy(lineage.get(), ours, topics)) {
            throw notOurs(ours, "has no owner, and its artifact " + id + " is another's");
          }
          Optional<String> released = log.release(id).map(Release::digest);
          if (released.isPresent() && !store.digest(id).equals(released)) {
            throw notOurs(
                ours, "has no owner, and its artifact " + id + " is not the one released here");
          }
        }
      }
    }
  }

  private Optional<Manifest.Lineage> lineage(AdapterId id) {
    try {
      return store.manifest(id).map(Manifest::lineage);
    } catch (StoreException e) {
      if (e.reason().equals("store-io")) {
        throw e;
      }
      return Optional.empty(); // A directory that is no artifact says nothing.
    }
  }

  private StoreException notOurs(Installation ours, String what) {
    return new StoreException(
        NOT_OURS,
        ("the adapter store at %s %s; this trainer is of %s. Give each installation a store of its own"
                + " (WEIR_STORE_DIR or WEIR_STORE), or, if the other one is gone for good, write {\"cluster\":\"%s\","
                + "\"prefix\":\"%s\"} into its %s")
            .formatted(where, what, ours, ours.cluster(), ours.prefix(), ArtifactStore.OWNER),
        null);
  }

  private String cluster() {
    try (Admin admin = Admin.create(kafka)) {
      String id =
          admin.describeCluster().clusterId().get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      return id == null ? "unknown" : id;
    } catch (ExecutionException e) {
      throw new KafkaException("the cluster's id is not known", e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw new TimeoutException("the cluster's id is not known in time", e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
