package dev.weir.trainer.loop;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.examples;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestBroker;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one batch of 120 examples leaves behind: it is trained once, and each test looks at it. */
class OneBatchIT {

  private static BaseModel base;
  private static LoopHarness loop;
  private static FileArtifactStore store;
  private static List<Release> releases;

  @BeforeAll
  static void train(@TempDir Path model, @TempDir Path directory) {
    base = BaseModel.load(TestingBaseModel.write(model, 7).toString());
    store = new FileArtifactStore(directory);
    loop = new LoopHarness(base, directory);
    loop.produce(examples("default", "b1", 120, 1));
    loop.produce(batch("default", "b1", 120));
    loop.start();
    releases = loop.awaitReleases(2);
  }

  @AfterAll
  static void close() {
    loop.close();
    store.close();
    base.close();
  }

  @Test
  void eachMethodHasItsDecisionInTheirOrder() {
    assertThat(releases).extracting(Release::version).containsExactly(1, 2);
    assertThat(releases)
        .extracting(Release::method)
        .containsExactly(Method.HEAD_REFRESH, Method.LORA);
  }

  @Test
  void theFirstAdapterBeatsTheMostCommonLabel() {
    assertThat(first().state()).isEqualTo(Release.State.PROMOTED);
    assertThat(first().decision().reason()).isEqualTo("better-than-majority");
    assertThat(first().decision().accuracy()).isGreaterThan(0.8);
    assertThat(first().trainingExamples()).isEqualTo(80);
  }

  @Test
  void theChampionNamesTheArtifactOfTheRelease() {
    Champion champion = loop.champions(2).get(0);
    assertThat(champion.digest()).isEqualTo(first().digest());
  }

  @Test
  void theArtifactHasTheModelItsCardAndFilesForPeft() {
    Path directory = store.fetch(first().id(), first().digest());
    assertThat(directory).isDirectoryContaining("glob:**/model.onnx");
    assertThat(directory).isDirectoryContaining("glob:**/README.md");
    assertThat(PeftFiles.read(directory, base.config()).labels()).isEqualTo(TestingData.LABELS);
  }

  @Test
  void theManifestSaysFromWhatItWasLearned() {
    Manifest.Lineage lineage = manifest().lineage();
    assertThat(lineage.batchId()).isEqualTo("b1");
    assertThat(lineage.holdoutExamples()).isEqualTo(40);
    assertThat(lineage.trainLabels()).isEqualTo(Map.of("negative", 40, "positive", 40));
    assertThat(lineage.examples())
        .isNotEmpty()
        .allMatch(read -> read.topic().equals(loop.topics.examples()));
    assertThat(lineage.examples().stream().mapToLong(Manifest.ReadUpTo::endOffset).sum())
        .isEqualTo(120);
  }

  @Test
  void precisionsThatWereJudgedAreInTheDecisionAndThoseThatPassedInTheManifest() {
    assertThat(first().decision().precisions())
        .extracting(Decision.PrecisionFigures::form)
        .startsWith("fp32", "int8");
    assertThat(manifest().precisions()).contains("fp32").isEqualTo(first().precisions());
  }

  @Test
  void theBatchIsCommittedAndItsCourseWasTold() {
    Awaitility.await().until(() -> loop.batchesDone() == 1);
    assertThat(
            TestBroker.readAll(loop.topics.trainingEvents(), 3, LoopHarness.TIMEOUT).stream()
                .map(record -> EventJson.read(record.value(), TrainingEvent.class).phase()))
        .contains(TrainingEvent.Phase.STARTED, TrainingEvent.Phase.PROMOTED);
  }

  @Test
  void metersAndHealthShowIt() {
    assertThat(loop.metrics.scrape())
        .contains("weir_trainer_decisions_total", "weir_trainer_holdout_rows")
        .contains("weir_trainer_device_info{device=\"")
        .contains("weir_trainer_holdout_accuracy{adapter=\"default\",role=\"champion\"}")
        .contains("weir_trainer_precision_agreement{adapter=\"default\",form=\"int8\"}");
    assertThat(loop.health.report(true).toString()).contains("trainer-device");
    assertThat(loop.health.ready()).isTrue();
  }

  private static Release first() {
    return releases.get(0);
  }

  private static Manifest manifest() {
    return store.manifest(first().id()).orElseThrow();
  }
}
