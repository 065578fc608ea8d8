package dev.weir.trainer.loop;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.examples;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.model.base.BaseModel;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.store.artifact.StoreException;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.data.LabeledText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopIT {

  /** Without a second try in the same process, stopping it is as good as its death. */
  private static final String DIES_AT_ONCE = "WEIR_TRAIN_BACKOFF=5m";

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
  void aStreamOfOneOddTopicLeavesTheChampionServing() {
    try (LoopHarness loop =
        new LoopHarness(
            base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_MAX_EXAMPLES=300")) {
      loop.produce(examples("default", "b1", 300, 1));
      loop.produce(batch("default", "b1", 300));
      List<Example> odd = opposite(examples("default", "b2", 600, 2), "b2");
      loop.start();
      Release first = loop.awaitReleases(1).get(0);
      loop.produce(odd);
      loop.produce(batch("default", "b2", 600));

      Release second = loop.awaitReleases(2).get(1);

      assertThat(second.state()).isEqualTo(Release.State.RETAINED);
      assertThat(second.decision().reason()).isEqualTo("forgets");
      assertThat(second.decision().championVersion()).isEqualTo(1);
      assertThat(loop.champions(3)).extracting(Champion::digest).containsExactly(first.digest());
      Awaitility.await().until(() -> loop.batchesDone() == 2);
      assertThat(loop.metrics.scrape()).contains("reason=\"forgets\"");
    }
  }

  @Test
  void trainsLaterBatchesFromTheChampionWithReplay() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));
      loop.start();

      List<Release> releases = loop.awaitReleases(2);

      Release second = releases.get(1);
      assertThat(second.batchId()).isEqualTo("b2");
      assertThat(second.decision().championVersion()).isEqualTo(1);
      assertThat(second.decision().holdoutRows()).isEqualTo(40);
      assertThat(second.trainingExamples()).isEqualTo(80);
    }
  }

  @Test
  void aPinHoldsABetterChallengerBackAndKeepsItsArtifact() {
    try (LoopHarness loop =
        new LoopHarness(
            base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_KEEP_VERSIONS=1")) {
      // The champion learned that every word means its opposite: whoever comes next is better.
      loop.produce(opposite(examples("default", "b1", 120, 1), "b1"));
      loop.produce(batch("default", "b1", 120));
      loop.start();
      Release first = loop.awaitReleases(1).get(0);
      assertThat(first.state()).isEqualTo(Release.State.PROMOTED);
      loop.produce(
          ServingPlan.none("default")
              .withPinned(new ServingPlan.Pin(1, Objects.requireNonNull(first.digest()), null)));
      loop.produce(examples("default", "b2", 600, 2));
      loop.produce(batch("default", "b2", 600));

      Release second = loop.awaitReleases(2).get(1);

      assertThat(second.state()).isEqualTo(Release.State.PROMOTED);
      assertThat(second.decision().reason()).isEqualTo("fewer-errors");
      assertThat(second.heldBy()).isEqualTo(1);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 2);
      assertThat(loop.champions(4)).extracting(Champion::version).containsExactly(1);
      assertThat(loop.metrics.scrape()).contains("result=\"held\"");
      try (FileArtifactStore reader = new FileArtifactStore(store)) {
        assertThat(reader.versions("default")).extracting(AdapterId::version).containsExactly(1, 2);
      }

      // A third one is held against the version that serves, not against the one on hold.
      loop.produce(examples("default", "b3", 60, 3));
      loop.produce(batch("default", "b3", 60));
      Release third = loop.awaitReleases(3).get(2);

      assertThat(third.decision().championVersion()).isEqualTo(1);
      assertThat(third.heldBy()).isEqualTo(1);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 3);

      // Unpinned, the next one that is better serves.
      loop.produce(ServingPlan.none("default"));
      loop.produce(examples("default", "b4", 60, 4));
      loop.produce(batch("default", "b4", 60));
      Release fourth = loop.awaitReleases(4).get(3);

      assertThat(fourth.heldBy()).isNull();
      assertThat(fourth.state()).isEqualTo(Release.State.PROMOTED);
      List<Champion> champions = loop.champions(8);
      assertThat(champions).extracting(Champion::version).containsExactly(1, 4);
      assertThat(champions)
          .extracting(Champion::servedBefore)
          .containsExactly(List.of(), List.of(1));
      // One version is kept, and the one that a rollback goes to.
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 4);
      Awaitility.await()
          .atMost(LoopHarness.TIMEOUT)
          .untilAsserted(
              () -> {
                try (FileArtifactStore reader = new FileArtifactStore(store)) {
                  assertThat(reader.versions("default"))
                      .extracting(AdapterId::version)
                      .containsExactly(1, 4);
                }
              });
    }
  }

  @Test
  void aChallengerIsMadeAgainWhenAnotherVersionServesByThen() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.produce(opposite(examples("default", "b1", 120, 1), "b1"));
      loop.produce(batch("default", "b1", 120));
      loop.start();
      Release bad = loop.awaitReleases(1).get(0);
      loop.produce(examples("default", "b2", 600, 2));
      loop.produce(batch("default", "b2", 600));
      loop.awaitReleases(2);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 2);
      assertThat(loop.champions(4)).extracting(Champion::version).containsExactly(1, 2);
      loop.stop();

      // Rolled back to the first when the training begins, and no longer when it ends.
      loop.produce(
          ServingPlan.none("default")
              .withPinned(new ServingPlan.Pin(1, Objects.requireNonNull(bad.digest()), 2)));
      loop.produce(examples("default", "b3", 60, 3));
      loop.produce(batch("default", "b3", 60));
      loop.start(
          TestingArtifactStore.meanwhile(
              new FileArtifactStore(store), () -> loop.produce(ServingPlan.none("default"))));

      Release third = loop.awaitReleases(3).get(2);

      assertThat(third.version()).isEqualTo(3);
      assertThat(third.decision().championVersion()).isEqualTo(2);
      assertThat(third.heldBy()).isNull();
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 3);
      assertThat(loop.awaitReleases(3)).hasSize(3);
    }
  }

  private static List<Example> opposite(List<Example> examples, String batchId) {
    return examples.stream()
        .map(
            example ->
                TestingData.example(
                    "default",
                    new LabeledText(
                        example.text(),
                        example.label().equals("positive") ? "negative" : "positive"),
                    example.split(),
                    batchId))
        .toList();
  }

  @Test
  void announcesAVersionOnceAfterACrashBetweenArtifactAndRecord() {
    try (LoopHarness loop =
        new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh", DIES_AT_ONCE)) {
      TestingArtifactStore crashing =
          TestingArtifactStore.failingAfterPublish(
              new FileArtifactStore(store),
              Integer.MAX_VALUE,
              () -> new StoreException("store-io", "the process dies here", null));
      loop.produce(examples("default", "b1", 120, 1));
      loop.produce(batch("default", "b1", 120));
      loop.start(crashing);
      Path artifact = store.resolve("default").resolve("1");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> Files.exists(artifact));
      loop.stop();
      String orphan =
          new FileArtifactStore(store).digest(new AdapterId("default", 1)).orElseThrow();
      assertThat(loop.batchesDone()).isZero();

      loop.start();

      List<Release> releases = loop.awaitReleases(1);
      Awaitility.await().until(() -> loop.batchesDone() == 1);
      assertThat(loop.awaitReleases(1)).hasSize(1);
      assertThat(releases.get(0).version()).isEqualTo(1);
      assertThat(releases.get(0).digest()).isEqualTo(orphan);
      assertThat(releases.get(0).trainingSeconds()).isZero();
    }
  }

  @Test
  void stepsOverAnOrphanOfAnotherBatch() {
    try (LoopHarness loop =
        new LoopHarness(
            base,
            store,
            "WEIR_TRAIN_METHODS=head-refresh",
            "WEIR_TRAIN_KEEP_VERSIONS=1",
            DIES_AT_ONCE)) {
      TestingArtifactStore crashing =
          TestingArtifactStore.failingAfterPublish(
              new FileArtifactStore(store),
              Integer.MAX_VALUE,
              () -> new StoreException("store-io", "the process dies here", null));
      loop.produce(examples("default", "lost", 60, 1));
      loop.produce(batch("default", "lost", 60));
      loop.start(crashing);
      Path artifact = store.resolve("default").resolve("1");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> Files.exists(artifact));
      loop.stop();

      // The batch is gone, so its artifact is nobody's: it stays, and its number is used up.
      loop.forgetBatch("default");
      loop.produce(examples("default", "b9", 60, 2));
      loop.produce(batch("default", "b9", 60));
      loop.start();

      Release release = loop.awaitReleases(1).get(0);

      assertThat(release.version()).isEqualTo(2);
      assertThat(manifest(1).lineage().batchId()).isEqualTo("lost");
      assertThat(manifest(2).lineage().batchId()).isEqualTo("b9");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 2);
      assertThat(artifact).isNotEmptyDirectory();
    }
  }

  private Manifest manifest(int version) {
    return new FileArtifactStore(store).manifest(new AdapterId("default", version)).orElseThrow();
  }

  @Test
  void aStoreThatIsAwayAtPublishingCostsNoSecondTraining() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      List<Boolean> ready = new CopyOnWriteArrayList<>();
      TestingArtifactStore away =
          TestingArtifactStore.failingToPublish(
              new FileArtifactStore(store),
              3,
              () -> {
                ready.add(loop.health.ready());
                return new StoreException("store-io", "the bucket is away", null);
              });
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start(away);

      Release release = loop.awaitReleases(1).get(0);

      assertThat(away.failuresLeft()).isZero();
      assertThat(release.state()).isEqualTo(Release.State.PROMOTED);
      assertThat(loop.metrics.scrape())
          .contains("weir_trainer_training_seconds_count{method=\"head-refresh\"} 1");
      // What a try says of the outage is taken back when the next one begins.
      assertThat(ready).containsExactly(true, true, true);
      assertThat(store.resolve(".staging")).isEmptyDirectory();
    }
  }

  @Test
  void aBatchThatTookItsProcessesWithItIsGivenUpWithoutTraining() {
    try (LoopHarness loop =
        new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_ATTEMPTS=2")) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      // Each start is noted, and taken back by an orderly end.
      for (int start = 0; start < 3; start++) {
        List<String> noted = new CopyOnWriteArrayList<>();
        loop.start(
            TestingArtifactStore.failingToStage(
                new FileArtifactStore(store),
                Integer.MAX_VALUE,
                () -> {
                  noted.addAll(loop.notes());
                  return new StoreException("store-io", "away for now", null);
                }));
        Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> !noted.isEmpty());
        loop.stop();
        assertThat(noted.get(0)).endsWith("starts=1");
        assertThat(loop.notes()).singleElement().asString().endsWith("starts=0");
      }
      // Two that were killed leave their note behind.
      loop.note(loop.notes().get(0).replace("starts=0", "starts=2"));
      loop.start();

      Release release = loop.awaitReleases(1).get(0);

      assertThat(release.decision().reason()).isEqualTo("training-failed");
      assertThat(release.decision().message()).startsWith("2 processes ended");
      assertThat(loop.metrics.scrape())
          .doesNotContainPattern("weir_trainer_training_seconds_count(\\{.*})? [1-9]");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 1);
    }
  }

  @Test
  void aBatchThatKillsItsProcessIsNotedByItAndGivenUpByTheNext(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path model = TestingBaseModel.write(directory.resolve("model"), 7);
    // The broker waits so long for the one that was killed before it gives its partitions away.
    Path client = Files.writeString(directory.resolve("client"), "session.timeout.ms=6000\n");
    try (LoopHarness loop =
        new LoopHarness(
            base,
            store,
            "WEIR_TRAIN_METHODS=head-refresh",
            "WEIR_TRAIN_ATTEMPTS=1",
            "WEIR_KAFKA_CLIENT_CONFIG=" + client)) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));

      assertThat(HaltingTrainer.run(loop.variables(), model)).isEqualTo(HaltingTrainer.KILLED);

      assertThat(loop.notes()).singleElement().asString().endsWith("starts=1");
      loop.start();
      Release release = loop.awaitReleases(1).get(0);
      assertThat(release.decision().reason()).isEqualTo("training-failed");
      assertThat(release.decision().message()).startsWith("1 processes ended");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 1);
    }
  }

  @Test
  void followsATopicOfBatchesThatIsDeletedAndMadeAnew() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start();
      loop.awaitRelease("b1");
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 1);

      loop.remakeTopicOfBatches();
      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));

      assertThat(loop.awaitRelease("b2").version()).isEqualTo(2);
      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.health.ready());
    }
  }

  @Test
  void aReleaseThatTheTopicDoesNotTakeCostsItsBatchAlone() {
    try (LoopHarness loop =
        new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_ATTEMPTS=1")) {
      loop.limitReleases(100_000);
      loop.produce(withLabels(batch("default", "b1", 60), 400));
      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));
      loop.start();

      assertThat(loop.awaitRelease("b2").version()).isEqualTo(1);

      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 2);
      assertThat(loop.metrics.scrape()).contains("weir_trainer_batches_passed_over_total 1.0");
    }
  }

  /** The same batch with so many labels of 500 characters. */
  private static TrainingBatch withLabels(TrainingBatch batch, int count) {
    return new TrainingBatch(
        batch.id(),
        batch.adapter(),
        batch.sequence(),
        IntStream.range(100_000, 100_000 + count).mapToObj(i -> i + "x".repeat(494)).toList(),
        batch.counts(),
        batch.size(),
        batch.closedBy(),
        batch.firstFeedbackAt(),
        batch.lastFeedbackAt(),
        batch.openedAt(),
        batch.closedAt(),
        batch.input());
  }

  @Test
  void waitsOutAFullDiskAndThenReleases() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      TestingArtifactStore full =
          TestingArtifactStore.failingToStage(
              new FileArtifactStore(store),
              5,
              () -> new StoreException("store-io", "no space left on device", null));
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start(full);

      Release release = loop.awaitReleases(1).get(0);

      assertThat(full.failuresLeft()).isZero();
      assertThat(release.state()).isEqualTo(Release.State.PROMOTED);
      assertThat(release.version()).isEqualTo(1);
    }
  }

  @Test
  void keepsTheChampionAndLeavesNothingBehindWhenTheDiskIsFullWhileExporting() throws IOException {
    FullDisk.assume();
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start();
      Release first = loop.awaitReleases(1).get(0);
      Awaitility.await().until(() -> loop.batchesDone() == 1);
      loop.stop();

      TestingArtifactStore full =
          TestingArtifactStore.fullDisk(
              new FileArtifactStore(store), 2, "adapter_model.safetensors");
      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));
      loop.start(full);
      Release second = loop.awaitReleases(2).get(1);

      assertThat(full.failuresLeft()).isZero();
      assertThat(second.decision().reason()).isNotEqualTo("training-failed");
      Awaitility.await().until(() -> loop.batchesDone() == 2);
      assertThat(store.resolve(".staging")).isEmptyDirectory();
      try (FileArtifactStore reader = new FileArtifactStore(store)) {
        assertThat(reader.fetch(first.id(), first.digest())).isDirectory();
      }
    }
  }

  @Test
  void championOfAnotherBaseCountsAsNoneAndIsLeftAlone(@TempDir Path directory) {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh");
        BaseModel other = BaseModel.load(TestingBaseModel.write(directory, 8).toString())) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start();
      Release first = loop.awaitReleases(1).get(0);
      Awaitility.await().until(() -> loop.batchesDone() == 1);
      loop.stop();

      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));
      loop.start(other, new FileArtifactStore(store));
      Release second = loop.awaitReleases(2).get(1);

      assertThat(second.decision().championVersion()).isNull();
      assertThat(second.decision().reason()).isEqualTo("better-than-majority");
      assertThat(second.baseDigest()).isEqualTo(other.digest());
      try (FileArtifactStore reader = new FileArtifactStore(store)) {
        assertThat(reader.fetch(first.id(), first.digest())).isDirectory();
        assertThat(reader.manifest(second.id()).orElseThrow().lineage().parentVersion()).isNull();
      }
    }
  }

  @Test
  void aLearningRateOfTenLeavesTheHeadRefreshInService() {
    try (LoopHarness loop =
        new LoopHarness(
            base,
            store,
            "WEIR_TRAIN_LEARNING_RATE=10",
            "WEIR_TRAIN_HEAD_LEARNING_RATE=10",
            "WEIR_TRAIN_LAYERS=0")) {
      loop.produce(examples("default", "b1", 120, 1));
      loop.produce(batch("default", "b1", 120));
      loop.start();

      List<Release> releases = loop.awaitReleases(2);

      assertThat(releases)
          .extracting(Release::state)
          .containsExactly(Release.State.PROMOTED, Release.State.RETAINED);
      assertThat(releases.get(1).decision().reason())
          .isIn("not-better", "too-many-nonfinite-steps");
      assertThat(loop.champions(3)).extracting(Champion::version).containsExactly(1);
    }
  }

  @Test
  void retainsWhatCannotBeLearnedFrom() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      List<Example> all = examples("default", "one-class", 120, 1);
      List<Example> oneClass = all.stream().filter(e -> e.label().equals("positive")).toList();
      loop.produce(oneClass);
      loop.produce(batch("default", "one-class", oneClass.size()));
      loop.produce(examples("few", "three", 3, 2));
      loop.produce(batch("few", "three", 3));
      loop.start();

      List<Release> releases = loop.awaitReleases(2);

      assertThat(releases)
          .extracting(Release::batchId, Release::state, r -> r.decision().reason())
          .containsExactlyInAnyOrder(
              org.assertj.core.groups.Tuple.tuple(
                  "one-class", Release.State.RETAINED, "one-class-only"),
              org.assertj.core.groups.Tuple.tuple(
                  "three", Release.State.RETAINED, "too-few-examples"));
      Awaitility.await().until(() -> loop.batchesDone() == 2);
    }
  }

  @Test
  void recordsAFailedTrainingAndLeavesTheChampionWhenItsArtifactIsDamaged() throws IOException {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.start();
      loop.awaitReleases(1);
      Path weights = store.resolve("default").resolve("1").resolve("adapter_model.safetensors");
      byte[] bytes = Files.readAllBytes(weights);
      bytes[bytes.length - 1] ^= 1;
      Files.write(weights, bytes);

      loop.produce(examples("default", "b2", 60, 2));
      loop.produce(batch("default", "b2", 60));
      Release second = loop.awaitReleases(2).get(1);

      assertThat(second.state()).isEqualTo(Release.State.RETAINED);
      assertThat(second.decision().reason()).isEqualTo("training-failed");
      assertThat(second.decision().message()).contains("sha-256");
      assertThat(loop.champions(3)).extracting(Champion::version).containsExactly(1);
      assertThat(Files.readAllBytes(weights)).isEqualTo(bytes);
    }
  }

  @Test
  void passesOverForeignRecordsAndBatchesThatAreDecided() {
    try (LoopHarness loop = new LoopHarness(base, store, "WEIR_TRAIN_METHODS=head-refresh")) {
      loop.send(loop.topics.trainingBatches(), "default", "not a batch".getBytes(UTF_8));
      loop.produce(examples("default", "b1", 60, 1));
      loop.produce(batch("default", "b1", 60));
      loop.produce(batch("default", "b1", 60));
      loop.start();

      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == 3);

      assertThat(loop.awaitReleases(1)).hasSize(1);
    }
  }
}
