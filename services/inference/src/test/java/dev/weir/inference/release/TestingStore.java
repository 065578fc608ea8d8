package dev.weir.inference.release;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** A store that is away, slow for one adapter, or silent on manifests, when a test says so. */
public final class TestingStore implements ArtifactStore {

  private final ArtifactStore store;
  public final AtomicInteger failures = new AtomicInteger();
  final AtomicInteger defects = new AtomicInteger();
  final CountDownLatch slow = new CountDownLatch(1);
  volatile String slowAdapter = "";
  private volatile CountDownLatch manifests = new CountDownLatch(0);

  public TestingStore(ArtifactStore store) {
    this.store = store;
  }

  @Override
  public Path fetch(AdapterId id, String digest, Predicate<String> wanted) {
    if (defects.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new LinkageError("a library of the store is missing");
    }
    if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new StoreException("store-io", "the store is away; wait for it", null);
    }
    if (id.adapter().equals(slowAdapter)) {
      await(slow);
    }
    return store.fetch(id, digest, wanted);
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
  public String publish(AdapterId id, Path staged) {
    return store.publish(id, staged);
  }

  @Override
  public Optional<String> digest(AdapterId id) {
    return store.digest(id);
  }

  /** Whoever asks for a manifest from now on waits for the latch. */
  public void holdManifests(CountDownLatch until) {
    manifests = until;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("store-io", "interrupted", e);
    }
  }

  @Override
  public Optional<Manifest> manifest(AdapterId id) {
    await(manifests);
    return store.manifest(id);
  }

  @Override
  public List<AdapterId> versions(String adapter) {
    return store.versions(adapter);
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
