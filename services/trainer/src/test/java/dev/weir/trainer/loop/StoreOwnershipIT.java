package dev.weir.trainer.loop;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.examples;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Installation;
import dev.weir.model.base.BaseModel;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.store.artifact.StoreException;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the store stays there, whatever the topics say. */
class StoreOwnershipIT {

  private static final String[] ONE = {
    "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_KEEP_VERSIONS=1"
  };

  private static BaseModel base;

  @TempDir Path store;

  @BeforeAll
  static void loadBase(@TempDir Path directory) {
    base = BaseModel.load(TestingBaseModel.write(directory, 7).toString());
  }

  @AfterAll
  static void closeBase() {
    base.close();
  }

  @Test
  void anotherPrefixDoesNotStartOnTheStore() throws IOException {
    try (LoopHarness first = new LoopHarness(base, store, ONE);
        LoopHarness second = new LoopHarness(base, store, ONE)) {
      Release serving = promoted(first, "b1");

      assertThatThrownBy(second::start)
          .isInstanceOfSatisfying(
              StoreException.class, e -> assertThat(e.reason()).isEqualTo("store-not-ours"))
          .hasMessageContaining(first.topics.prefix())
          .hasMessageContaining(second.topics.prefix())
          .hasMessageContaining("WEIR_STORE_DIR")
          .message()
          .doesNotContain("\n");

      // Neither does it on a store of before there were owners: the lineage names the topics.
      Files.delete(store.resolve(ArtifactStore.OWNER));
      assertThatThrownBy(second::start).hasMessageContaining("default@1 is another's");
      assertThat(fetch(serving)).isNotEmptyDirectory();
    }
  }

  @Test
  void aStoreOfBeforeThereWereOwnersIsClaimed() throws IOException {
    try (LoopHarness loop = new LoopHarness(base, store, ONE)) {
      promoted(loop, "b1");
      loop.stop();
      Files.delete(store.resolve(ArtifactStore.OWNER));

      loop.start();

      assertThat(new FileArtifactStore(store).owner())
          .map(Installation::prefix)
          .contains(loop.topics.prefix());
    }
  }

  @Test
  void aLostTopicOfAdaptersCostsNoArtifactAndNoNumber()
      throws ExecutionException, InterruptedException {
    try (LoopHarness loop = new LoopHarness(base, store, ONE)) {
      Release first = promoted(loop, "b1");
      try (var admin = TestBroker.admin()) {
        admin.deleteTopics(List.of(loop.topics.adapters())).all().get();
        Awaitility.await()
            .atMost(LoopHarness.TIMEOUT)
            .until(() -> !admin.listTopics().names().get().contains(loop.topics.adapters()));
      }
      TestBroker.createTopics(1, loop.topics.adapters());

      // The trainer goes on running: it must notice by itself that its log is not that log.
      loop.produce(examples("default", "b2", 120, 2));
      loop.produce(batch("default", "b2", 120));
      Release second = loop.awaitReleases(1).get(0);

      assertThat(second.version()).isEqualTo(2);
      assertThat(second.decision().championVersion()).isNull();
      assertThat(second.state()).isEqualTo(Release.State.PROMOTED);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 2);
      assertThat(fetch(first)).isNotEmptyDirectory();
      assertThat(new FileArtifactStore(store).versions("default"))
          .extracting(AdapterId::version)
          .containsExactly(1, 2);
    }
  }

  @Test
  void aStoreThatWasMovedAwayIsWaitedForAndNotBegunAnew() throws IOException {
    try (LoopHarness loop = new LoopHarness(base, store, ONE)) {
      Release first = promoted(loop, "b1");
      Path away = store.resolveSibling(store.getFileName() + "-away");
      Files.move(store, away);

      loop.produce(examples("default", "b2", 120, 2));
      loop.produce(batch("default", "b2", 120));
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> !loop.health.ready());
      assertThat(loop.health.report(false).toString()).contains("put it back");
      assertThat(store).doesNotExist();
      Files.move(away, store);

      assertThat(loop.awaitRelease("b2").decision().championVersion()).isEqualTo(1);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.health.ready());
      assertThat(fetch(first)).isNotEmptyDirectory();
    }
  }

  @Test
  void batchesOfAStoreThatAnotherTakesOverComeAgainOnceItIsOursAgain() throws IOException {
    Path marker = store.resolve(ArtifactStore.OWNER);
    try (LoopHarness loop = new LoopHarness(base, store, ONE)) {
      promoted(loop, "b1");
      String ours = Files.readString(marker);
      Files.writeString(marker, "{\"cluster\":\"other\",\"prefix\":\"\"}");

      loop.produce(examples("default", "b2", 120, 2));
      loop.produce(batch("default", "b2", 120));
      loop.produce(batch("default", "b3", 0));
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> !loop.health.live());
      Awaitility.await()
          .during(Duration.ofSeconds(2))
          .atMost(LoopHarness.TIMEOUT)
          .until(() -> loop.batchesDone() == 1);
      loop.stop();
      Files.writeString(marker, ours);
      loop.start();

      assertThat(loop.awaitRelease("b2").version()).isEqualTo(2);
    }
  }

  @Test
  void whatIsNoArtifactUnderTheNextNumberIsSteppedOver() throws IOException {
    Path notes = Files.createDirectories(store.resolve("default").resolve("1"));
    Files.createDirectories(store.resolve("default").resolve("999999999"));
    Files.writeString(notes.resolve("notes.txt"), "mine");
    try (LoopHarness loop = new LoopHarness(base, store, ONE)) {

      Release release = promoted(loop, "b1");

      assertThat(release.version()).isEqualTo(2);
      assertThat(notes.resolve("notes.txt")).hasContent("mine");
    }
  }

  private static Release promoted(LoopHarness loop, String batchId) {
    loop.produce(examples("default", batchId, 120, 1));
    loop.produce(batch("default", batchId, 120));
    loop.start();
    Release release = loop.awaitReleases(1).get(0);
    assertThat(release.state()).isEqualTo(Release.State.PROMOTED);
    Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 1);
    return release;
  }

  private Path fetch(Release release) {
    return new FileArtifactStore(store)
        .fetch(release.id(), Objects.requireNonNull(release.digest()));
  }
}
