package dev.weir.store.artifact;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Holds the files of adapter versions, each version whole or not at all.
 *
 * <p>Thread-safe. All methods may block on I/O and throw {@link StoreException} with a stable
 * reason. Whoever opened it closes it.
 */
public interface ArtifactStore extends AutoCloseable {

  /** The marker's name at the store's root, which says whose store it is. */
  String OWNER = "weir-store.json";

  /**
   * A fresh, empty directory in which to stage an artifact, on the store's own file system where it
   * has one. {@link #publish} consumes it; {@link #discard} removes it.
   */
  Path stage();

  /** Removes a staged directory that is not to be published. */
  void discard(Path staged);

  /**
   * Removes what processes that died left staged or half deleted: what nobody has written to for an
   * hour. No reader ever sees such directories, they only take space.
   *
   * @return how many were removed
   */
  int sweep();

  /**
   * Makes a staged artifact visible under its id, at once and for good.
   *
   * <p>The staged directory holds {@code manifest.json} and the files it names. Publishing the same
   * bytes again does nothing; publishing other bytes under the same id is refused.
   *
   * @return sha-256 (hex) of the manifest
   */
  String publish(AdapterId id, Path staged);

  /**
   * A local directory with the artifact's files, each checked against the manifest, and the
   * manifest against {@code digest}. The caller reads it and does not change it.
   */
  default Path fetch(AdapterId id, String digest) {
    return fetch(id, digest, name -> true);
  }

  /**
   * The same for some of the files; the others need be neither there nor checked. A merged model
   * alone is as large as its base, and reading it takes longer than all the rest.
   *
   * @param wanted which files, by name; the manifest is always one of them
   */
  Path fetch(AdapterId id, String digest, Predicate<String> wanted);

  /** The digest of a published version, or empty when there is none. */
  Optional<String> digest(AdapterId id);

  /** The manifest of a published version, or empty when there is none. */
  Optional<Manifest> manifest(AdapterId id);

  /** All published versions of an adapter, oldest first. */
  List<AdapterId> versions(String adapter);

  /** All adapters that have a published version, in the order of their names. */
  default List<String> adapters() {
    return List.of();
  }

  /** Whose store it is; empty while nobody has claimed it. */
  default Optional<Installation> owner() {
    return Optional.empty();
  }

  /**
   * Takes the store for an owner if nobody has taken it yet; of two that try at once, one does. A
   * store in memory has nobody to keep out.
   *
   * @return whose it is from then on
   */
  default Installation claim(Installation owner) {
    return owner;
  }

  /** Removes a version; one that is not there is no error. */
  void delete(AdapterId id);

  @Override
  void close();
}
