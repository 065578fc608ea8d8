package dev.weir.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Architecture;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.loop.TestingData;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArchitecturesTest {

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void fineTuningBeatsTheHeadRefreshItStartsFrom(Architecture architecture, @TempDir Path files) {
    TorchRuntime.threads(1); // more of them only get in each other's way at this size
    TestingBaseModel.write(files, 7, architecture);
    try (BaseModel base = BaseModel.load(files.toString());
        ServingEncoder serving = new ServingEncoder(base, 1);
        BertEncoder encoder = new BertEncoder(base)) {
      TrainingOptions options =
          TrainingOptions.parse(
                  Map.of(
                      "WEIR_TRAIN_EPOCHS", "6",
                      "WEIR_TRAIN_LEARNING_RATE", "0.005",
                      "WEIR_TRAIN_HEAD_LEARNING_RATE", "0.005",
                      "WEIR_TRAIN_TARGETS", "q_lin,v_lin",
                      "WEIR_TRAIN_LAYERS", "0"))
              .within(base.config());
      EncodedExamples examples =
          EncodedExamples.of(
              TestingData.texts(180, 1), TestingData.LABELS, base.tokenizer(), options.limit());
      AdapterTrainer trainer =
          new AdapterTrainer(serving, options, TestingData.LABELS, examples, null);
      HoldoutEvaluator rows =
          new HoldoutEvaluator(serving, TestingData.texts(100, 2), options.limit());
      AdapterWeights probe = trainer.headRefresh().weights();
      Scores start = rows.score(probe);

      AdapterTrainer.Trained trained = trainer.lora(encoder, progress -> {}, () -> false);

      assertThat(trained.bestEpoch()).isPositive();
      assertThat(trained.nonFiniteSteps()).isZero();
      assertThat(rows.score(trained.weights()).logLoss()).isLessThan(start.logLoss());
      DenseLayer dense = trained.weights().dense();
      assertThat(dense != null).isEqualTo(architecture.head().hasDense());
      if (dense != null && probe.dense() != null) {
        assertThat(dense.weight()).isNotEqualTo(probe.dense().weight());
      }
    }
  }
}
