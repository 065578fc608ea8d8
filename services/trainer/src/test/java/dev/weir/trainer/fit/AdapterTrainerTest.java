package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.build.ParameterCount;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.loop.TestingData;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterTrainerTest {

  private static BaseModel base;
  private static ServingEncoder serving;
  private static BertEncoder encoder;

  @BeforeAll
  static void open(@TempDir Path directory) {
    TorchRuntime.threads(1); // more of them only get in each other's way at this size
    base = BaseModel.load(TestingBaseModel.write(directory, 7).toString());
    serving = new ServingEncoder(base, 1);
    encoder = new BertEncoder(base);
  }

  @AfterAll
  static void close() {
    encoder.close();
    serving.close();
    base.close();
  }

  @Test
  void fineTuningBeatsTheHeadRefreshItStartsFrom() {
    AdapterTrainer trainer = trainer(options("WEIR_TRAIN_EPOCHS", "6"), null);
    Scores probe = score(trainer.headRefresh().weights());

    AdapterTrainer.Trained trained = trainer.lora(encoder, progress -> {}, () -> false);

    assertThat(trained.bestEpoch()).isPositive();
    assertThat(trained.nonFiniteSteps()).isZero();
    assertThat(score(trained.weights()).logLoss()).isLessThan(probe.logLoss());
  }

  @Test
  void theSameSeedGivesTheSameNumbers() {
    AdapterWeights first = trainer(options(), null).lora(encoder, p -> {}, () -> false).weights();
    AdapterWeights second = trainer(options(), null).lora(encoder, p -> {}, () -> false).weights();

    assertThat(second.headWeight()).isEqualTo(first.headWeight());
    assertThat(first.pairs()).isNotEmpty();
    first
        .pairs()
        .forEach((path, pair) -> assertThat(second.pairs().get(path).b()).isEqualTo(pair.b()));
  }

  @Test
  void anAbsurdLearningRateEndsAtTheProbe() {
    TrainingOptions absurd =
        options("WEIR_TRAIN_LEARNING_RATE", "50", "WEIR_TRAIN_HEAD_LEARNING_RATE", "50");
    AdapterTrainer trainer = trainer(absurd, null);
    float[] probe = trainer.headRefresh().weights().headWeight();

    AdapterTrainer.Trained trained = trainer.lora(encoder, progress -> {}, () -> false);

    assertThat(trained.bestEpoch()).isZero();
    assertThat(trained.weights().headWeight()).isEqualTo(probe);
    assertThat(trained.weights().pairs().values())
        .allSatisfy(pair -> assertThat(pair.b()).containsOnly(0));
  }

  /** A few held-out rows would choose by chance. */
  @Test
  void fewExamplesAreAllLearnedFrom() {
    AdapterTrainer.Trained trained =
        trainer(options(), null, TrainingOptions.MIN_FOR_VALIDATION - 2)
            .lora(encoder, progress -> {}, () -> false);

    assertThat(trained.steps()).isEqualTo(2 * 13);
    assertThat(trained.bestEpoch()).isEqualTo(2);
  }

  @Test
  void goesOnFromTheChampionsMatrices() {
    AdapterTrainer first = trainer(options(), null);
    AdapterWeights champion = first.lora(encoder, progress -> {}, () -> false).weights();
    // Matrices of zeros would be a start from nothing as well.
    assertThat(champion.pairs().values()).isNotEmpty().allSatisfy(pair -> assertTrained(pair));

    AdapterWeights next =
        trainer(options("WEIR_TRAIN_EPOCHS", "0"), champion)
            .lora(encoder, progress -> {}, () -> false)
            .weights();
    AdapterWeights refreshed = trainer(options(), champion).headRefresh().weights();

    champion
        .pairs()
        .forEach(
            (path, pair) -> {
              assertThat(next.pairs().get(path).b()).isEqualTo(pair.b());
              assertThat(refreshed.pairs().get(path).b()).isEqualTo(pair.b());
            });
  }

  @Test
  void trainsMagnitudesAndGoesOnFromThem() {
    String[] variant = {
      "WEIR_TRAIN_DORA", "true",
      "WEIR_TRAIN_RSLORA", "true",
      "WEIR_TRAIN_TARGETS", "all-linear",
      "WEIR_TRAIN_RANK_PATTERN", "query=3",
      "WEIR_TRAIN_ALPHA_PATTERN", "output.dense=4",
      "WEIR_TRAIN_LAYERS", "1-1",
      "WEIR_TRAIN_MICRO_BATCH_TOKENS", "64",
      "WEIR_TRAIN_VALIDATION_SHARE", "0"
    };
    AdapterWeights champion = trained(options(variant), null);
    AdapterWeights start = trained(options(with(variant, "WEIR_TRAIN_EPOCHS", "0")), null);

    champion.validate(base.config());
    assertThat(champion.pairs()).hasSize(6);
    assertThat(ParameterCount.of(base, options(variant), 2).trainable())
        .isEqualTo(TrainableAdapter.from(base.config(), champion).count());
    champion
        .pairs()
        .forEach(
            (path, pair) ->
                assertThat(pair.magnitude()).isNotEqualTo(start.pairs().get(path).magnitude()));

    AdapterWeights next = trained(options(with(variant, "WEIR_TRAIN_EPOCHS", "0")), champion);
    assertSameLora(next, champion);
  }

  @Test
  void goesOnFromAChampionWithPairsOfZerosBelow() {
    AdapterWeights champion = trained(options("WEIR_TRAIN_LAYERS", "1"), null);
    LoraConfig some = champion.lora();
    Map<String, LoraPair> pairs = new HashMap<>(champion.pairs());
    for (LinearModule module : some.targets()) {
      int size = some.rank() * TestingBaseModel.HIDDEN;
      pairs.put(module.path(0), new LoraPair(new float[size], new float[size]));
    }
    AdapterWeights old =
        new AdapterWeights(
            new LoraConfig(some.rank(), some.alpha(), some.dropout(), some.targets()),
            pairs,
            champion.labels(),
            champion.headWeight(),
            champion.headBias());

    AdapterWeights next = trained(options("WEIR_TRAIN_LAYERS", "1", "WEIR_TRAIN_EPOCHS", "0"), old);

    assertSameLora(next, champion);
  }

  @Test
  void startsAfreshUnderOtherSettings() {
    AdapterWeights champion = trained(options(), null);
    for (String[] other :
        new String[][] {
          {"WEIR_TRAIN_RSLORA", "true"},
          {"WEIR_TRAIN_DORA", "true"},
          {"WEIR_TRAIN_ALPHA_PATTERN", "query=3"},
          {"WEIR_TRAIN_RANK_PATTERN", "layer\\.0\\..*=3"},
          {"WEIR_TRAIN_LAYERS", "1"}
        }) {
      AdapterWeights next = trained(options(with(other, "WEIR_TRAIN_EPOCHS", "0")), champion);
      assertThat(next.pairs().values()).allSatisfy(pair -> assertThat(pair.b()).containsOnly(0));
    }
  }

  @Test
  void trainsTheUpperLayersOnlyWhenToldSo() {
    AdapterWeights weights =
        trainer(options("WEIR_TRAIN_LAYERS", "1", "WEIR_TRAIN_MICRO_BATCH_TOKENS", "64"), null)
            .lora(encoder, progress -> {}, () -> false)
            .weights();

    weights.validate(base.config());
    assertThat(weights.pairs().keySet())
        .containsExactlyInAnyOrder(LinearModule.QUERY.path(1), LinearModule.VALUE.path(1));
  }

  @Test
  void reportsEachStepAndStopsWhenCalledOff() {
    List<FitProgress> told = new ArrayList<>();
    AdapterTrainer trainer = trainer(options(), null);

    assertThatThrownBy(() -> trainer.lora(encoder, told::add, () -> told.size() == 3))
        .isInstanceOf(CancellationException.class);

    assertThat(told).hasSize(3);
    assertThat(told.get(2).step()).isEqualTo(3);
    assertThat(told.get(2).steps()).isEqualTo(26);
    assertThat(told.get(2).secondsLeft()).isPositive();
  }

  private static AdapterWeights trained(TrainingOptions options, AdapterWeights champion) {
    return trainer(options, champion).lora(encoder, progress -> {}, () -> false).weights();
  }

  private static void assertSameLora(AdapterWeights actual, AdapterWeights expected) {
    assertThat(actual.pairs().keySet()).isEqualTo(expected.pairs().keySet());
    expected
        .pairs()
        .forEach(
            (path, pair) -> {
              LoraPair other = actual.pairs().get(path);
              assertThat(other.a()).isEqualTo(pair.a());
              assertThat(other.b()).isEqualTo(pair.b());
              assertThat(other.magnitude()).isEqualTo(pair.magnitude());
            });
  }

  private static String[] with(String[] variables, String name, String value) {
    String[] more = Arrays.copyOf(variables, variables.length + 2);
    more[variables.length] = name;
    more[variables.length + 1] = value;
    return more;
  }

  private static AdapterTrainer trainer(TrainingOptions options, AdapterWeights champion) {
    return trainer(options, champion, 240);
  }

  private static AdapterTrainer trainer(
      TrainingOptions options, AdapterWeights champion, int examples) {
    List<LabeledText> texts = TestingData.texts(examples, 1);
    return new AdapterTrainer(
        serving,
        options,
        TestingData.LABELS,
        EncodedExamples.of(texts, TestingData.LABELS, base.tokenizer(), options.limit()),
        champion);
  }

  private static Scores score(AdapterWeights weights) {
    return new HoldoutEvaluator(serving, TestingData.texts(100, 2), TokenLimit.of(64))
        .score(weights);
  }

  private static TrainingOptions options(String... variables) {
    Map<String, String> all =
        new java.util.HashMap<>(
            Map.of(
                "WEIR_TRAIN_EPOCHS", "2",
                "WEIR_TRAIN_LEARNING_RATE", "0.005",
                "WEIR_TRAIN_HEAD_LEARNING_RATE", "0.005",
                "WEIR_TRAIN_LAYERS", "0",
                "WEIR_TRAIN_TARGETS", "query,value",
                "WEIR_TRAIN_RANK", "8",
                "WEIR_TRAIN_BATCH_SIZE", "16",
                "WEIR_TRAIN_MAX_TOKENS", "64"));
    for (int i = 0; i < variables.length; i += 2) {
      all.put(variables[i], variables[i + 1]);
    }
    return TrainingOptions.parse(all).within(base.config());
  }

  private static void assertTrained(LoraPair pair) {
    float largest = 0;
    for (float each : pair.b()) {
      largest = Math.max(largest, Math.abs(each));
    }
    assertThat(largest).isPositive();
  }
}
