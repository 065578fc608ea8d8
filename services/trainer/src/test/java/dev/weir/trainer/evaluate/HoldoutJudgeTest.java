package dev.weir.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Decision.PrecisionFigures;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.session.MergedModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.loop.TestingData;
import dev.weir.trainer.serving.ServingEncoder;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HoldoutJudgeTest {

  /** Texts so alike that what tells them apart is of the size of what rounding does. */
  private static final List<LabeledText> ROWS =
      IntStream.range(0, 400)
          .mapToObj(
              i ->
                  new LabeledText(
                      "the film was fine and the plot was good, and it was very good " + i,
                      TestingData.LABELS.get(i % 2)))
          .toList();

  @TempDir Path directory;
  private BaseModel base;
  private ServingEncoder floats;
  private HoldoutJudge judge;

  @BeforeEach
  void open() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 7).toString());
    floats = new ServingEncoder(base, 1);
    judge =
        new HoldoutJudge(
            new PromotionGate(1, 0.01),
            floats,
            new TrainingSet(List.of(), 0, ROWS, List.of()),
            TokenLimit.of(64));
  }

  @AfterEach
  void close() {
    floats.close();
    base.close();
  }

  @Test
  void anUnsureAdapterShipsInFloatsOnly() {
    AdapterWeights unsure = unsure();

    List<PrecisionFigures> figures =
        judge.precisions(unsure, List.of(new ServingEncoder(base, 1, Precision.INT8)));

    assertThat(figures).extracting(PrecisionFigures::form).containsExactly("fp32", "int8");
    assertThat(figures).extracting(PrecisionFigures::allowed).containsExactly(true, false);
    assertThat(figures.get(1).agreement()).isBetween(0.5, 0.98);
    assertThat(figures.get(1).rows()).isEqualTo(400);
  }

  @Test
  void aMergedFileIsHeldAgainstTheAdapterInIt() {
    AdapterWeights unsure = unsure();
    Path file = directory.resolve("model.onnx");

    MergedModel.write(base, unsure, Precision.FP32, file);
    PrecisionFigures same = judge.merged(unsure, file);
    MergedModel.write(base, unsure, Precision.INT8, file);
    PrecisionFigures other = judge.merged(unsure, file);

    assertThat(same.form()).isEqualTo("model.onnx");
    assertThat(same.rows()).isEqualTo(200);
    assertThat(same.allowed()).isTrue();
    assertThat(other.allowed()).isFalse();
  }

  @Test
  void aChallengerThatIsTheChampionAtAnotherScaleIsNoBetter() {
    AdapterWeights champion = unsure();
    float[] weight = champion.headWeight().clone();
    float[] bias = champion.headBias().clone();
    for (int i = 0; i < weight.length; i++) {
      weight[i] *= 2;
    }
    for (int i = 0; i < bias.length; i++) {
      bias[i] *= 2;
    }
    AdapterWeights louder = AdapterWeights.headOnly(TestingData.LABELS, weight, bias);
    Champion reigning = new Champion("default", 1, "digest", Instant.EPOCH);

    Decision decision = judge.judge(louder, reigning, champion, rows -> 0).decision();
    Decision reverse = judge.judge(champion, reigning, champion, rows -> 0).decision();

    assertThat(decision.logLoss()).isCloseTo(decision.championLogLoss(), within(1e-3));
    assertThat(decision.onlyChallengerRight() + decision.onlyChampionRight()).isZero();
    assertThat(reverse.reason()).isEqualTo("not-better");
    Decision.Calibration calibration = decision.calibration();
    assertThat(calibration).isNotNull();
    assertThat(calibration.rows()).isEqualTo(400);
    assertThat(calibration.logLossAfter()).isLessThan(calibration.logLossBefore());
  }

  /** A head that reads a random direction and puts its border through the rows' middle. */
  private AdapterWeights unsure() {
    int hidden = base.config().hiddenSize();
    Random random = new Random(4);
    float[] weight = new float[2 * hidden];
    for (int i = hidden; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian();
    }
    AdapterWeights open = AdapterWeights.headOnly(TestingData.LABELS, weight, new float[2]);
    List<int[]> tokens = ROWS.stream().map(row -> base.tokenizer().encode(row.text(), 64)).toList();
    double sum = 0;
    for (float[] row : floats.logits(open, tokens)) {
      sum += row[1];
    }
    float middle = (float) (sum / ROWS.size());
    return AdapterWeights.headOnly(TestingData.LABELS, weight, new float[] {middle, 0});
  }
}
