package dev.weir.trainer.build;

import static dev.weir.trainer.loop.TestingData.batch;
import static dev.weir.trainer.loop.TestingData.example;
import static dev.weir.trainer.loop.TestingData.examples;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.topic.Installation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.meter.TrainerMetrics;
import dev.weir.trainer.publish.Announcement;
import dev.weir.trainer.publish.ChampionReader.Reigning;
import dev.weir.trainer.torch.TrainingDevice;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContestTest {

  private static final Instant NOW = Instant.parse("2026-02-01T00:00:00Z");
  private static final List<Manifest.ReadUpTo> READ =
      List.of(new Manifest.ReadUpTo("examples", 0, 77));

  private static BaseModel base;

  @TempDir Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  static void loadBase(@TempDir Path directory) {
    base = BaseModel.load(TestingBaseModel.write(directory, 7).toString());
  }

  @AfterAll
  static void closeBase() {
    base.close();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
  }

  @Test
  void retainsTheChampionWhenANarrowTopicMakesTheChallengerForget() throws IOException {
    List<Example> known = examples("default", "b1", 300, 1);
    Announcement first = challenge(Map.of(), batch("default", "b1", 300), known, null);
    Reigning champion = champion(first);
    assertThat(first.release().decision().accuracy()).isGreaterThan(0.8);
    holdsWhatIsAllowed(first);

    // 2,000 opinions of one odd topic, where every word means the opposite.
    List<Example> all = new ArrayList<>(known);
    for (Example example : examples("default", "b2", 2000, 2)) {
      String opposite = example.label().equals("positive") ? "negative" : "positive";
      all.add(
          example(
              "default",
              new LabeledText(example.text() + " product", opposite),
              example.split(),
              "b2"));
    }
    TrainingBatch narrow = batch("default", "b2", 2000);
    Map<String, String> little = Map.of("WEIR_TRAIN_MAX_EXAMPLES", "1300");
    Map<String, String> lenient = new HashMap<>(little);
    lenient.put("WEIR_TRAIN_MAX_FORGETTING", "1");

    Decision blind = challenge(lenient, narrow, all, champion).release().decision();
    Announcement second = challenge(little, narrow, all, champion);

    assertThat(blind.reason()).isEqualTo("fewer-errors");
    assertThat(second.promoted()).isFalse();
    assertThat(second.staged()).isNull();
    Decision decision = second.release().decision();
    assertThat(decision.reason()).isEqualTo("forgets");
    assertThat(decision.message()).contains("frozen rows against the champion's");
    Decision.Frozen frozen = Objects.requireNonNull(decision.frozen());
    assertThat(frozen.rows()).isEqualTo(100);
    assertThat(frozen.ruled()).isTrue();
    assertThat(decision.accuracy()).isGreaterThan(decision.championAccuracy());
    assertThat(decision.precisions()).isEmpty();
  }

  @Test
  void aPromotedArtifactNamesWhatItProved() throws IOException {
    Map<String, String> every = Map.of("WEIR_TRAIN_PRECISIONS", "fp32,int8,int8-weight-only");
    List<Example> examples = examples("default", "b1", 120, 1);

    Announcement announcement = challenge(every, batch("default", "b1", 120), examples, null);

    Release release = announcement.release();
    Path staged = Objects.requireNonNull(announcement.staged());
    Decision decision = release.decision();
    assertThat(decision.precisions())
        .extracting(Decision.PrecisionFigures::form)
        .startsWith("fp32", "int8", "int8-weight-only");
    Decision.PrecisionFigures int8 = decision.precisions().get(1);
    assertThat(int8.rows()).isEqualTo(40);
    Manifest manifest = holdsWhatIsAllowed(announcement);
    assertThat(manifest.lineage().examples()).isEqualTo(READ);
    Decision.Calibration calibration = Objects.requireNonNull(decision.calibration());
    assertThat(calibration.rows()).isEqualTo(40);
    assertThat(calibration.temperature()).isNotEqualTo(1);
    assertThat(manifest.temperature()).isEqualTo(calibration.temperature());
    assertThat(manifest.metrics()).containsKey("holdoutCalibrationError.crossFitted");
    assertThat(manifest.lineage().trainLabels()).isEqualTo(Map.of("negative", 40, "positive", 40));
    assertThat(decision.slices())
        .extracting(slice -> slice.by() + "=" + slice.value())
        .containsExactly("label=negative", "label=positive", "tokens=1-32", "source=test");
    assertThat(Files.readString(staged.resolve("README.md")))
        .contains("better-than-majority", "| int8 | 40 |", "| source test | 40 |")
        .contains("- Temperature: ", "fitted on 40 holdout rows")
        .contains("Learned from 40 examples of positive");
  }

  @Test
  void theSameInputsGiveTheSameDigest() {
    List<Example> examples = examples("default", "b1", 120, 1);
    TrainingBatch batch = batch("default", "b1", 120);

    String first = challenge(Map.of(), batch, examples, null).release().digest();
    String second = challenge(Map.of(), batch, examples, null).release().digest();

    assertThat(second).isNotNull().isEqualTo(first);
  }

  @Test
  void anotherLabelSetThanTheChampionsIsJudgedByName() {
    List<Example> known = examples("default", "b1", 120, 1);
    Reigning champion = champion(challenge(Map.of(), batch("default", "b1", 120), known, null));
    List<Example> renamed = new ArrayList<>(known);
    for (Example example : examples("default", "b2", 120, 2)) {
      String label = example.label().equals("positive") ? "praise" : "negative";
      renamed.add(
          example("default", new LabeledText(example.text(), label), example.split(), "b2"));
    }
    TrainingBatch two = batch("default", "b2", 120);
    TrainingBatch scheme =
        new TrainingBatch(
            two.id(),
            two.adapter(),
            2,
            List.of("negative", "praise"),
            two.counts(),
            two.size(),
            two.closedBy(),
            two.firstFeedbackAt(),
            two.lastFeedbackAt(),
            two.openedAt(),
            two.closedAt(),
            two.input());

    Announcement announcement = challenge(Map.of(), scheme, renamed, champion);

    Release release = announcement.release();
    assertThat(release.state()).isEqualTo(Release.State.PROMOTED);
    assertThat(release.labels()).containsExactly("negative", "praise");
    assertThat(release.decision().championAccuracy()).isLessThan(release.decision().accuracy());
    assertThat(release.decision().slices())
        .filteredOn(slice -> slice.value().equals("praise"))
        .extracting(Decision.Slice::championAccuracy)
        .containsExactly(0.0);
  }

  @Test
  void whatCannotBeJudgedIsRefusedWithItsReason() {
    List<Example> all = examples("default", "b1", 120, 1);
    List<Example> praise = all.stream().filter(e -> e.label().equals("positive")).toList();
    List<Example> noHoldout = all.stream().filter(e -> e.split() == Split.TRAIN).toList();
    List<Example> strangers =
        all.stream()
            .map(e -> example("default", new LabeledText(e.text(), "of old"), e.split(), "b1"))
            .toList();

    assertThat(refusal(all.subList(0, 3))).isEqualTo("too-few-examples");
    assertThat(refusal(praise)).isEqualTo("one-class-only");
    assertThat(refusal(noHoldout)).isEqualTo("holdout-too-small");
    assertThat(refusal(strangers)).isEqualTo("too-few-examples");
  }

  /** Release, manifest and files name the same precisions: those that the figures allow. */
  private static Manifest holdsWhatIsAllowed(Announcement announcement) throws IOException {
    Release release = announcement.release();
    Path staged = Objects.requireNonNull(announcement.staged());
    Manifest manifest =
        EventJson.read(Files.readAllBytes(staged.resolve(Manifest.FILE)), Manifest.class);
    List<String> allowed =
        release.decision().precisions().stream()
            .filter(Decision.PrecisionFigures::allowed)
            .map(Decision.PrecisionFigures::form)
            .toList();
    assertThat(release.precisions())
        .contains("fp32")
        .isEqualTo(allowed.stream().filter(form -> !form.equals("model.int8.onnx")).toList());
    assertThat(manifest.precisions()).isEqualTo(release.precisions());
    assertThat(manifest.files().containsKey("model.int8.onnx"))
        .isEqualTo(Files.exists(staged.resolve("model.int8.onnx")))
        .isEqualTo(allowed.contains("model.int8.onnx"));
    return manifest;
  }

  private String refusal(List<Example> examples) {
    return contest(Map.of(), batch("default", "b1", examples.size()), examples)
        .refusal()
        .orElseThrow()
        .decision()
        .reason();
  }

  private Announcement challenge(
      Map<String, String> settings,
      TrainingBatch batch,
      Collection<Example> examples,
      @Nullable Reigning champion) {
    int version = champion == null ? 1 : champion.champion().version() + 1;
    return contest(settings, batch, examples)
        .challenge(
            new AdapterId("default", version),
            Method.HEAD_REFRESH,
            champion,
            progress -> {},
            new Cancellation());
  }

  private Contest contest(
      Map<String, String> settings, TrainingBatch batch, Collection<Example> examples) {
    TrainerConfig config = config(settings);
    FileArtifactStore store = new FileArtifactStore(directory.resolve("store" + opened.size()));
    Bench bench = new Bench(base, store, config, TrainingDevice.cpu());
    opened.add(bench);
    opened.add(store);
    TrainingSet set = TrainingSet.of(batch, examples, config.maxExamples(), config.frozenRows(), 1);
    return new Contest(
        bench,
        batch,
        set,
        READ,
        new Installation("a-cluster", ""),
        new TrainerMetrics(new SimpleMeterRegistry(), AdapterCatalog.SENTIMENT),
        Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static Reigning champion(Announcement announcement) {
    Release release = announcement.release();
    return new Reigning(
        new Champion(
            release.adapter(), release.version(), Objects.requireNonNull(release.digest()), NOW),
        PeftFiles.read(Objects.requireNonNull(announcement.staged()), base.config()),
        rows -> 0);
  }

  private static TrainerConfig config(Map<String, String> settings) {
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(TrainerConfig.settings());
    Map<String, String> variables = new HashMap<>(settings);
    variables.put("WEIR_TRAIN_THREADS", "1");
    return TrainerConfig.from(Settings.read(declared, variables));
  }
}
