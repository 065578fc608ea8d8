package dev.weir.trainer.loop;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import dev.weir.store.artifact.ArtifactStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A real store with a fault that a test sets. */
final class TestingArtifactStore implements ArtifactStore {

  private final ArtifactStore real;
  private final AtomicInteger failuresLeft;
  private final AtomicInteger publishFailures = new AtomicInteger();
  private final Supplier<RuntimeException> failure;
  private final boolean afterPublish;
  private String unwritable;
  private Runnable whileTraining = () -> {};

  private TestingArtifactStore(
      ArtifactStore real, int failures, boolean afterPublish, Supplier<RuntimeException> failure) {
    this.real = real;
    this.failuresLeft = new AtomicInteger(failures);
    this.afterPublish = afterPublish;
    this.failure = failure;
  }

  /** Stores an artifact whole and then fails: what a crash before the record leaves behind. */
  static TestingArtifactStore failingAfterPublish(
      ArtifactStore real, int failures, Supplier<RuntimeException> failure) {
    return new TestingArtifactStore(real, failures, true, failure);
  }

  /** Fails instead of giving a staging directory. */
  static TestingArtifactStore failingToStage(
      ArtifactStore real, int failures, Supplier<RuntimeException> failure) {
    return new TestingArtifactStore(real, failures, false, failure);
  }

  /** Fails to publish before anything is stored: the store is away. */
  static TestingArtifactStore failingToPublish(
      ArtifactStore real, int failures, Supplier<RuntimeException> failure) {
    TestingArtifactStore store = new TestingArtifactStore(real, 0, false, failure);
    store.publishFailures.set(failures);
    return store;
  }

  /** Gives staging directories in which one file cannot be written: the disk is full by then. */
  static TestingArtifactStore fullDisk(ArtifactStore real, int failures, String fileName) {
    TestingArtifactStore store =
        new TestingArtifactStore(real, failures, false, IllegalStateException::new);
    store.unwritable = fileName;
    return store;
  }

  /** Lets something happen once a challenger is made and before it is judged, once. */
  static TestingArtifactStore meanwhile(ArtifactStore real, Runnable event) {
    TestingArtifactStore store =
        new TestingArtifactStore(real, 0, false, IllegalStateException::new);
    store.whileTraining = event;
    return store;
  }

  int failuresLeft() {
    return failuresLeft.get() + publishFailures.get();
  }

  @Override
  public Path stage() {
    Runnable event = whileTraining;
    whileTraining = () -> {};
    event.run();
    if (unwritable != null) {
      Path staged = real.stage();
      if (failuresLeft.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        FullDisk.at(staged.resolve(unwritable));
      }
      return staged;
    }
    if (!afterPublish) {
      failIfDue();
    }
    return real.stage();
  }

  @Override
  public String publish(AdapterId id, Path staged) {
    if (publishFailures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw failure.get();
    }
    String digest = real.publish(id, staged);
    if (afterPublish) {
      failIfDue();
    }
    return digest;
  }

  private void failIfDue() {
    if (failuresLeft.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw failure.get();
    }
  }

  @Override
  public void discard(Path staged) {
    real.discard(staged);
  }

  @Override
  public int sweep() {
    return real.sweep();
  }

  @Override
  public Path fetch(AdapterId id, String digest, Predicate<String> wanted) {
    return real.fetch(id, digest, wanted);
  }

  @Override
  public Optional<String> digest(AdapterId id) {
    return real.digest(id);
  }

  @Override
  public Optional<Manifest> manifest(AdapterId id) {
    return real.manifest(id);
  }

  @Override
  public List<AdapterId> versions(String adapter) {
    return real.versions(adapter);
  }

  @Override
  public List<String> adapters() {
    return real.adapters();
  }

  @Override
  public Optional<Installation> owner() {
    return real.owner();
  }

  @Override
  public Installation claim(Installation owner) {
    return real.claim(owner);
  }

  @Override
  public void delete(AdapterId id) {
    real.delete(id);
  }

  @Override
  public void close() {
    real.close();
  }
}
