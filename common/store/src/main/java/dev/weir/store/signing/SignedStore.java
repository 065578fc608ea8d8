package dev.weir.store.signing;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A store that signs what it publishes and delivers only what a trusted key has signed.
 *
 * <p>Thread-safe as the store below it, which it closes.
 */
public final class SignedStore implements ArtifactStore {

  private final ArtifactStore store;
  private final Optional<AdapterSigner> signer;
  private final ArtifactTrust trust;

  /**
   * A store over another one.
   *
   * @param signer who vouches for what is published; empty publishes it unsigned
   * @param trust whose artifacts are delivered
   */
  public SignedStore(ArtifactStore store, Optional<AdapterSigner> signer, ArtifactTrust trust) {
    this.store = store;
    this.signer = signer;
    this.trust = trust;
  }

  @Override
  public String publish(AdapterId id, Path staged) {
    try {
      if (signer.isPresent()) {
        signer.get().sign(staged);
      }
    } catch (IOException e) {
      throw new StoreException(
          "store-io",
          "adapter %s cannot be signed in %s: %s; check the disk".formatted(id, staged, e),
          e);
    }
    return store.publish(id, staged);
  }

  /**
   * {@inheritDoc}
   *
   * @throws UntrustedArtifactException if nobody who is trusted has signed it
   */
  @Override
  public Path fetch(AdapterId id, String digest, Predicate<String> wanted) {
    Path directory = store.fetch(id, digest, wanted);
    trust.check(id, directory);
    return directory;
  }

  @Override
  public Path stage() {
    return store.stage();
  }

  @Override
  public void discard(Path staged) {
    store.discard(staged);
  }

  @Override
  public int sweep() {
    return store.sweep();
  }

  @Override
  public Optional<String> digest(AdapterId id) {
    return store.digest(id);
  }

  @Override
  public Optional<Manifest> manifest(AdapterId id) {
    return store.manifest(id);
  }

  @Override
  public List<AdapterId> versions(String adapter) {
    return store.versions(adapter);
  }

  @Override
  public List<String> adapters() {
    return store.adapters();
  }

  @Override
  public Optional<Installation> owner() {
    return store.owner();
  }

  @Override
  public Installation claim(Installation owner) {
    return store.claim(owner);
  }

  @Override
  public void delete(AdapterId id) {
    store.delete(id);
  }

  @Override
  public void close() {
    store.close();
  }
}
