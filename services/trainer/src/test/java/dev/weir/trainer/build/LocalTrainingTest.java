package dev.weir.trainer.build;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Architecture;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.loop.TestingData;
import dev.weir.trainer.serving.ServingEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalTrainingTest {

  private static final List<LabeledText> DATA = TestingData.texts(120, 1);
  private static final List<LabeledText> EVALUATION = TestingData.texts(60, 2);

  @TempDir Path directory;

  private BaseModel base;
  private LocalTraining training;

  @BeforeEach
  void open() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 7).toString());
    training =
        new LocalTraining(
            base,
            TrainingOptions.parse(
                Map.of(
                    "WEIR_TRAIN_TARGETS", "query,value",
                    "WEIR_TRAIN_RANK", "8",
                    "WEIR_TRAIN_BATCH_SIZE", "16",
                    "WEIR_TRAIN_EPOCHS", "2",
                    "WEIR_TRAIN_LAYERS", "0",
                    "WEIR_TRAIN_LEARNING_RATE", "0.005")),
            1);
  }

  @AfterEach
  void close() {
    base.close();
  }

  @Test
  void writesWhatItScored() throws IOException {
    Path output = directory.resolve("out");

    LocalResult result = train(DATA, output);

    assertThat(result.accuracy()).isGreaterThan(0.6);
    assertThat(result.probeAccuracy()).isGreaterThan(0.6);
    assertThat(result.examplesPerSecond()).isPositive();
    assertThat(result.nonFiniteSteps()).isZero();
    assertThat(PeftFiles.read(output, base.config()).labels()).isEqualTo(TestingData.LABELS);
    Manifest manifest =
        EventJson.read(Files.readAllBytes(output.resolve(Manifest.FILE)), Manifest.class);
    assertThat(manifest.files()).containsKeys("model.onnx", "adapter_model.safetensors");
    assertThat(training.device().word())
        .isEqualTo(manifest.lineage().settings().get("WEIR_TRAIN_DEVICE"));
    assertThat(manifest.metrics()).containsEntry("holdoutAccuracy", result.accuracy());
    assertThat(Files.readString(output.resolve("README.md"))).contains("negative, positive");
    assertThat(Files.getPosixFilePermissions(output))
        .isEqualTo(Files.getPosixFilePermissions(Files.createDirectory(directory.resolve("any"))));
    // As weir eval scores it.
    assertThat(manifest.temperature()).isEqualTo(result.calibration().temperature());
    try (ServingEncoder encoder = new ServingEncoder(base, 1)) {
      Scores scores =
          new HoldoutEvaluator(encoder, EVALUATION, manifest.limit())
              .score(PeftFiles.read(output, base.config()), manifest.temperature());
      assertThat(scores.logLoss()).isCloseTo(result.logLoss(), within(1e-6));
      assertThat(scores.accuracy()).isEqualTo(result.accuracy());
    }
  }

  @Test
  void theSameInputsAndSeedGiveTheSameDigest() {
    LocalResult first = train(DATA, directory.resolve("one"));
    LocalResult second = train(DATA, directory.resolve("two"));
    LocalResult again = train(DATA, directory.resolve("two"));

    assertThat(second.digest()).isEqualTo(first.digest());
    assertThat(again.digest()).isEqualTo(first.digest());
  }

  @Test
  void countsParametersAsPeftDoes() {
    ParameterCount count = training.parameters(TestingData.LABELS);
    long head = 2 * (32 + 1);
    long lora = 2 * 2 * 8 * (32 + 32); // layers, modules, rank, in and out
    long frozen = 0;
    for (String name : base.weightNames()) {
      frozen += base.weight(name).data().length;
    }
    assertThat(count).isEqualTo(new ParameterCount(lora + head, frozen + head + lora + head));
    assertThat(count.toString()).startsWith("trainable params: ").contains("|| trainable%: ");
  }

  @Test
  void countsTheDenseLayerOfDistilBertAsPeftDoes() {
    Path other =
        TestingBaseModel.write(directory.resolve("distilbert"), 7, Architecture.DISTILBERT);
    try (BaseModel distilBert = BaseModel.load(other.toString())) {
      ParameterCount count =
          new LocalTraining(
                  distilBert,
                  TrainingOptions.parse(
                      Map.of("WEIR_TRAIN_RANK", "1", "WEIR_TRAIN_TARGETS", "q_lin")),
                  1)
              .parameters(TestingData.LABELS);
      long head = 33 * 32 + 2 * 33;
      long lora = 2 * (32 + 32);
      assertThat(count)
          .isEqualTo(new ParameterCount(lora + head, distilBert.parameters() + head + lora + head));
    }
  }

  @Test
  void truncationTravelsWithTheAdapter() throws IOException {
    Path output = directory.resolve("out");
    new LocalTraining(
            base,
            TrainingOptions.parse(
                Map.of("WEIR_TRAIN_EPOCHS", "0", "WEIR_TRAIN_TRUNCATION", "left")),
            1)
        .train(DATA, EVALUATION, TestingData.LABELS, output, progress -> {});

    byte[] json = Files.readAllBytes(output.resolve(Manifest.FILE));
    assertThat(EventJson.read(json, Manifest.class).limit())
        .isEqualTo(new TokenLimit(TestingBaseModel.MAX_POSITIONS, Truncation.LEFT));
    assertThat(Files.readString(output.resolve("weir_adapter.json"))).contains("\"left\"");
    String older = new String(json, UTF_8).replace("\"truncation\":\"left\",", "");
    assertThat(older).doesNotContain("truncation\"");
    assertThat(EventJson.read(older.getBytes(UTF_8), Manifest.class).truncation())
        .isEqualTo(Truncation.HEAD_TAIL);
  }

  @Test
  void refusesWhatCannotBeLearnedFrom() {
    List<LabeledText> oneClass = DATA.stream().filter(t -> t.label().equals("positive")).toList();

    assertThatThrownBy(() -> train(DATA.subList(0, 3), directory.resolve("out")))
        .isInstanceOfSatisfying(
            TrainingException.class, e -> assertThat(e.reason()).isEqualTo("too-few-examples"));
    assertThatThrownBy(() -> train(oneClass, directory.resolve("out")))
        .isInstanceOfSatisfying(
            TrainingException.class, e -> assertThat(e.reason()).isEqualTo("one-class-only"));
    assertThat(directory.resolve("out")).doesNotExist();
  }

  @Test
  void aLearningRateOfTenEndsAtTheProbe() {
    LocalResult result = wild().train(DATA, EVALUATION, TestingData.LABELS, out(), p -> {});

    assertThat(result.bestEpoch()).isZero();
    assertThat(result.accuracy()).isEqualTo(result.probeAccuracy());
    assertFinite();
  }

  @Test
  void aLearningRateOfTenWithoutAValidationPartIsRefusedOrFinite() {
    try {
      wild().train(DATA.subList(0, 40), EVALUATION, TestingData.LABELS, out(), progress -> {});
      assertFinite();
    } catch (TrainingException e) {
      // Numbers that large differ by more than the tolerance once they are merged.
      assertThat(e.reason()).isIn("too-many-nonfinite-steps", "parity-failed");
      assertThat(out()).doesNotExist();
    }
  }

  @Test
  void keepsTheOldAdapterWhenTheNewOneIsRefused() {
    LocalResult before = train(DATA, out());

    assertThatThrownBy(() -> train(DATA.subList(0, 3), out()))
        .isInstanceOf(TrainingException.class);

    assertThat(Digests.sha256(read(Manifest.FILE))).isEqualTo(before.digest());
    assertFinite();
  }

  @Test
  void leavesNothingBesideTheAdapterItReplaces() {
    train(DATA, out());
    LocalResult second = train(DATA.subList(0, 80), out());

    assertThat(Digests.sha256(read(Manifest.FILE))).isEqualTo(second.digest());
    assertThat(directory).isDirectoryNotContaining("glob:**/.weir-adapter-*");
  }

  @Test
  void saysWhatIsInTheFilesThatMakesFiguresLookBetter() {
    List<LabeledText> data = new ArrayList<>(DATA.subList(0, 40));
    data.addAll(DATA.subList(0, 4));
    data.add(new LabeledText(DATA.get(0).text(), DATA.get(1).label()));
    List<LabeledText> evaluation = new ArrayList<>(EVALUATION);
    evaluation.add(new LabeledText(DATA.get(3).text().toUpperCase(Locale.ROOT) + "!", "positive"));

    DataSummary summary = DataSummary.of(data, evaluation);

    assertThat(summary.labels()).containsEntry("negative", 22).containsEntry("positive", 23);
    assertThat(summary.duplicates()).isEqualTo(4);
    assertThat(summary.contradictions()).isEqualTo(1);
    assertThat(summary.shared()).isEqualTo(1);
    assertThat(summary.lines())
        .hasSize(4)
        .contains("labels: negative 22, positive 23")
        .last()
        .asString()
        .startsWith("1 of the " + evaluation.size() + " evaluation rows");
    assertThat(DataSummary.of(DATA, EVALUATION).lines()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Negative", "negative ", "nega\u200btive", "\u00a0negative", "NEGATIVE"})
  void refusesLabelsThatNobodyCanTellApart(String alike) {
    List<LabeledText> data = new ArrayList<>(DATA);
    data.add(new LabeledText("another one", alike));

    assertThatThrownBy(
            () ->
                training.train(
                    data, EVALUATION, List.of(alike, "negative", "positive"), out(), p -> {}))
        .isInstanceOfSatisfying(
            TrainingException.class, e -> assertThat(e.reason()).isEqualTo("labels-alike"))
        .hasMessageContaining("positive ");
  }

  @Test
  void calledOffItLeavesNothing() {
    assertThatThrownBy(
            () ->
                training.train(
                    DATA, EVALUATION, TestingData.LABELS, out(), step -> training.callOff()))
        .isInstanceOf(CancellationException.class);

    assertThat(out()).doesNotExist();
    assertThat(directory).isDirectoryNotContaining("glob:**/.weir-adapter-*");
  }

  @Test
  void removesWhatAKilledTrainingLeftLongAgo() throws IOException {
    Path left = Files.createDirectory(directory.resolve(".weir-adapter-left"));
    Path young = Files.createDirectory(directory.resolve(".weir-adapter-young"));
    Files.writeString(left.resolve("model.onnx"), "large");
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofDays(1))));

    train(DATA, out());

    assertThat(left).doesNotExist();
    assertThat(young).exists();
  }

  private LocalTraining wild() {
    return new LocalTraining(
        base,
        TrainingOptions.parse(
            Map.of(
                "WEIR_TRAIN_TARGETS", "query,value",
                "WEIR_TRAIN_EPOCHS", "2",
                "WEIR_TRAIN_LAYERS", "0",
                "WEIR_TRAIN_LEARNING_RATE", "10",
                "WEIR_TRAIN_HEAD_LEARNING_RATE", "10")),
        1);
  }

  private Path out() {
    return directory.resolve("out");
  }

  private byte[] read(String name) {
    try {
      return Files.readAllBytes(out().resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The reader refuses numbers that are not finite. */
  private void assertFinite() {
    assertThat(PeftFiles.read(out(), base.config()).labels()).isEqualTo(TestingData.LABELS);
  }

  @Test
  void leavesADirectoryOfOtherFilesAlone() throws IOException {
    Path output = Files.createDirectory(directory.resolve("out"));
    Path precious = Files.writeString(output.resolve("thesis.txt"), "do not delete");

    assertThatThrownBy(() -> train(DATA, output))
        .isInstanceOfSatisfying(
            TrainingException.class, e -> assertThat(e.reason()).isEqualTo("output-not-empty"));
    assertThat(precious).exists();
  }

  private LocalResult train(List<LabeledText> data, Path output) {
    return training.train(data, EVALUATION, TestingData.LABELS, output, progress -> {});
  }
}
