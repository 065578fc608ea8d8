package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.Manifest;
import dev.weir.common.adapter.PeftFiles;
import dev.weir.common.adapter.Release;
import dev.weir.common.event.EventJson;
import dev.weir.common.model.BaseModel;
import dev.weir.common.model.ModelConfig;
import dev.weir.common.store.ArtifactStore;
import dev.weir.common.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Fetches the artifact of a version and checks all that can be checked without running it: files
 * against the manifest, the manifest against the record, base model, shapes, labels.
 *
 * <p>Stateless and thread-safe; blocks on the store.
 */
public final class ArtifactReader {

  private final ArtifactStore store;
  private final String baseName;
  private final String baseDigest;
  private final ModelConfig config;

  /** Reads artifacts for one base model. */
  public ArtifactReader(ArtifactStore store, BaseModel base) {
    this.store = store;
    this.baseName = base.name();
    this.baseDigest = base.digest();
    this.config = base.config();
  }

  /**
   * Reads one version.
   *
   * @throws StoreException if the store cannot deliver the artifact, or delivers another one
   * @throws dev.weir.common.model.ModelException if its files are damaged or misshapen
   * @throws LoadException if it does not belong to this process
   */
  LoadedAdapter read(WantedVersion wanted) {
    AdapterId id = wanted.id();
    Release release = wanted.release();
    if (release != null && !wanted.digest().equals(release.digest())) {
      throw new LoadException(
          "digest-mismatch",
          "the record that wants %s names digest %s, its release record %s; publish a new version"
              .formatted(id, wanted.digest(), release.digest()));
    }
    Path directory = store.fetch(id, wanted.digest());
    Manifest manifest = manifest(id, directory);
    if (!manifest.baseDigest().equals(baseDigest)) {
      throw new LoadException(
          "base-mismatch",
          "adapter %s expects base model %s with sha-256 %s, this process loaded %s with %s; retrain it, or start with WEIR_BASE_MODEL=%s"
              .formatted(
                  id,
                  manifest.baseModel(),
                  manifest.baseDigest(),
                  baseName,
                  baseDigest,
                  manifest.baseModel()));
    }
    if (manifest.maxTokens() < 2 || manifest.maxTokens() > config.maxPositions()) {
      throw new LoadException(
          "max-tokens-out-of-range",
          "adapter %s reads %d tokens, the base model takes 2 to %d; retrain it"
              .formatted(id, manifest.maxTokens(), config.maxPositions()));
    }
    AdapterWeights weights = PeftFiles.read(directory, config);
    weights.validate(config);
    sameLabels(id, "manifest", manifest.labels(), weights.labels());
    if (release != null) {
      sameLabels(id, "release record", release.labels(), weights.labels());
    }
    return new LoadedAdapter(
        id, wanted.digest(), weights, manifest.limit(), manifest.temperature());
  }

  private static void sameLabels(
      AdapterId id, String where, List<String> stated, List<String> found) {
    if (!stated.equals(found)) {
      throw new LoadException(
          "label-mismatch",
          "the head of adapter %s has the labels %s, its %s says %s; publish a new version"
              .formatted(id, found, where, stated));
    }
  }

  private static Manifest manifest(AdapterId id, Path directory) {
    try {
      return EventJson.read(Files.readAllBytes(directory.resolve(Manifest.FILE)), Manifest.class);
    } catch (IOException | UncheckedIOException e) {
      throw new StoreException(
          "manifest-unreadable",
          "the manifest of " + id + " cannot be read: " + e.getMessage() + "; check the store",
          e);
    }
  }
}
