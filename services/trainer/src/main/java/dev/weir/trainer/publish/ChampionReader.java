package dev.weir.trainer.publish;

import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.ArtifactStore;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the numbers of the version that serves from the store: the pinned one, or else the
 * champion.
 *
 * <p>Stateless but for what it was made of; used by the fitting thread.
 */
public final class ChampionReader {

  private static final Logger LOG = LoggerFactory.getLogger(ChampionReader.class);

  private final ReleaseLog releases;
  private final ArtifactStore store;
  private final BaseModel base;

  /** A reader of champions on {@code base}. */
  public ChampionReader(ReleaseLog releases, ArtifactStore store, BaseModel base) {
    this.releases = releases;
    this.store = store;
    this.base = base;
  }

  /**
   * A champion with its numbers.
   *
   * @param champion which version serves
   * @param weights its numbers, verified against its digest
   * @param bestOnFrozen the best accuracy that it or a champion before it had on so many rows of
   *     the frozen set; 0 where none was judged by as many
   */
  public record Reigning(
      Champion champion, AdapterWeights weights, IntToDoubleFunction bestOnFrozen) {}

  /**
   * The champion of an adapter; empty when there is none, or one for another base model, which
   * nobody can serve here.
   *
   * @throws dev.weir.store.artifact.StoreException if its artifact is missing or damaged
   */
  public Optional<Reigning> read(String adapter) {
    Optional<Champion> champion = releases.champion(adapter);
    if (champion.isEmpty()) {
      return Optional.empty();
    }
    String made =
        releases
            .release(champion.get().id())
            .map(Release::baseDigest)
            .or(() -> store.manifest(champion.get().id()).map(Manifest::baseDigest))
            .orElse(base.digest());
    if (!made.equals(base.digest())) {
      LOG.warn(
          "base-mismatch: adapter {} was trained on base {}, this process has {} ({}); it counts as no champion. To train on from it, start with its base in WEIR_BASE_MODEL",
          champion.get().id(),
          made,
          base.digest(),
          base.name());
      return Optional.empty();
    }
    var directory = store.fetch(champion.get().id(), champion.get().digest());
    AdapterWeights weights = PeftFiles.read(directory, base.config());
    return Optional.of(
        new Reigning(
            champion.get(), weights, rows -> releases.bestOnFrozen(adapter, base.digest(), rows)));
  }
}
