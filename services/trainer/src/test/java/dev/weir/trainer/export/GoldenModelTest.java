package dev.weir.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.testing.GoldenModel;
import dev.weir.trainer.build.ParameterCount;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.fit.TrainingOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Under libtorch, adapters that PEFT trained answer what they do under transformers. */
class GoldenModelTest {

  private static final Offset<Float> TOLERANCE = Offset.offset(1e-4f);

  @TempDir Path directory;

  static Stream<GoldenModel> models() {
    return GoldenModel.all();
  }

  static Stream<GoldenModel.Case> cases() {
    return GoldenModel.cases();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsUnderLibtorchAreThoseOfTheReference(GoldenModel.Case golden) {
    GoldenModel model = golden.model();
    Path files = model.writeAdapter(golden.variant(), directory.resolve("adapter"));
    try (BaseModel base = base(model);
        BertEncoder encoder = new BertEncoder(base)) {
      AdapterWeights weights = PeftFiles.read(files, base.config());
      float[][] actual = ParityCheck.logits(encoder, weights, model.tokens());
      float[][] expected = model.logits(golden.variant());
      assertThat(actual).hasDimensions(expected.length, expected[0].length);
      for (int row = 0; row < expected.length; row++) {
        assertThat(actual[row]).as("text %d", row).containsExactly(expected[row], TOLERANCE);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void parametersAreCountedAsPeftCountsThem(GoldenModel golden) {
    TrainingOptions options =
        TrainingOptions.parse(
            Map.of(
                "WEIR_TRAIN_RANK", "2",
                "WEIR_TRAIN_TARGETS", "query,value",
                "WEIR_TRAIN_LAYERS", "0"));
    try (BaseModel base = base(golden)) {
      assertThat(ParameterCount.of(base, options, 2)).hasToString(golden.parameters());
    }
  }

  private BaseModel base(GoldenModel golden) {
    return BaseModel.load(golden.writeBase(directory.resolve("base")).toString());
  }
}
