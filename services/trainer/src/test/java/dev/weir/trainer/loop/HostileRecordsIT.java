package dev.weir.trainer.loop;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.examples;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.model.base.BaseModel;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records of our own topics that nobody of ours wrote. */
class HostileRecordsIT {

  private static final int MUTANTS = 120;

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
  void mutatedRecordsOnEveryTopicDelayNoGoodBatchAndDeleteNothing() throws IOException {
    try (LoopHarness loop =
        new LoopHarness(
            base, store, "WEIR_TRAIN_METHODS=head-refresh", "WEIR_TRAIN_KEEP_VERSIONS=1")) {
      loop.produce(examples("default", "b1", 120, 1));
      loop.produce(batch("default", "b1", 120));
      loop.start();
      Release first = loop.awaitReleases(1).get(0);
      Champion champion = loop.champions(2).get(0);

      Mutations mutations = new Mutations(new Random(5));
      byte[] goodBatch = EventJson.write(batch("default", "b2", 40));
      for (byte[] mutant : mutations.of(goodBatch, MUTANTS, "adapter", "id")) {
        loop.send(loop.topics.trainingBatches(), "default", mutant);
      }
      Example example = examples("default", "b2", 2, 3).get(0);
      for (byte[] mutant : mutations.of(EventJson.write(example), MUTANTS)) {
        loop.send(loop.topics.examples(), example.key(), mutant);
      }
      // Under keys of their own: what they say of "default" would be believed, if it could be read.
      for (byte[] mutant : mutations.of(EventJson.write(first), MUTANTS)) {
        loop.send(loop.topics.adapters(), "default@900", mutant);
      }
      for (byte[] mutant : mutations.of(EventJson.write(champion), MUTANTS)) {
        loop.send(loop.topics.adapters(), "other", mutant);
      }
      byte[] plan = EventJson.write(ServingPlan.none("default"));
      for (byte[] mutant : mutations.of(plan, MUTANTS)) {
        loop.send(loop.topics.adapters(), "other#plan", mutant);
      }
      loop.send(loop.topics.adapters(), "../../x@1", EventJson.write(first));
      loop.send(loop.topics.adapters(), "default", "null".getBytes(UTF_8));
      loop.send(loop.topics.adapters(), "default\n2026 ERROR forged", "null".getBytes(UTF_8));

      loop.produce(examples("default", "b3", 600, 4));
      loop.produce(batch("default", "b3", 600));

      Awaitility.await().atMost(LoopHarness.TIMEOUT).until(() -> loop.batchesDone() == MUTANTS + 2);
      Release last = loop.awaitRelease("b3");
      assertThat(last.version()).isGreaterThan(900);
      assertThat(last.decision().championVersion()).isEqualTo(1);
      FileArtifactStore reader = new FileArtifactStore(store);
      assertThat(reader.fetch(first.id(), Objects.requireNonNull(first.digest())))
          .isNotEmptyDirectory();
      assertThat(reader.versions("default")).contains(new AdapterId("default", 1));
      assertThat(loop.health.live()).isTrue();
      for (String topic : List.of("adapters", "training-batches", "examples")) {
        assertThat(loop.metrics.scrape())
            .containsPattern(
                "weir_trainer_records_skipped_total\\{reason=\"unreadable\",topic=\""
                    + topic
                    + "\"\\} [1-9]")
            .contains(
                "weir_trainer_records_skipped_total{reason=\"internal-error\",topic=\""
                    + topic
                    + "\"} 0");
      }
      assertThat(new String(AdapterRecord.key(champion), UTF_8)).isEqualTo("default");
    }
  }
}
