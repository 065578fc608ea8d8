package dev.weir.trainer.loop;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.examples;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.model.base.BaseModel;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.store.artifact.StoreException;
import dev.weir.testing.TestingBaseModel;
import dev.weir.testing.TestingSigner;
import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trainer with a key signs what it publishes, and takes nothing over that it did not sign. */
class SignedTrainingIT {

  private static final AdapterId SECOND = new AdapterId("default", 2);

  @TempDir Path directory;
  private Path store;
  private BaseModel base;
  private TestingSigner ours;

  @BeforeEach
  void open() {
    store = directory.resolve("store");
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 7).toString());
    ours = TestingSigner.make(directory, "ours");
  }

  @AfterEach
  void close() {
    base.close();
  }

  @Test
  void anArtifactThatSomebodyElsePutThereIsSteppedOverAndMadeAnew() {
    try (LoopHarness loop =
        new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_BACKOFF=5m")) {
      loop.produce(examples("default", "b1", 120, 1));
      loop.produce(batch("default", "b1", 120));
      leaveAnUnsignedArtifact(loop);
      loop.set(
          "WEIR_TRAIN_BACKOFF=20ms",
          "WEIR_SIGNING_KEY=" + ours.privateKey(),
          "WEIR_TRUSTED_KEYS=" + ours.publicKey());
      loop.start();

      Release first = loop.awaitReleases(1).get(0);
      assertThat(first.id()).isEqualTo(SECOND);
      assertThat(first.trainingSeconds()).isPositive();
      Path artifact = new FileArtifactStore(store).fetch(SECOND, String.valueOf(first.digest()));
      assertThatCode(() -> ours.trust().check(SECOND, artifact)).doesNotThrowAnyException();
    }
  }

  /** Of the same batch, as one that a process without a key left when it died. */
  private void leaveAnUnsignedArtifact(LoopHarness loop) {
    loop.start(
        TestingArtifactStore.failingAfterPublish(
            new FileArtifactStore(store),
            Integer.MAX_VALUE,
            () -> new StoreException("store-io", "the process dies here", null)));
    Path manifest = store.resolve("default").resolve("1").resolve(Manifest.FILE);
    Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> Files.exists(manifest));
    loop.stop();
    assertThat(manifest.resolveSibling(Manifest.SIGNATURE)).doesNotExist();
  }
}
