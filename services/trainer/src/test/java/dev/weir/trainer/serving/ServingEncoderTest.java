package dev.weir.trainer.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.testing.GoldenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ServingEncoderTest {

  @TempDir Path directory;

  static Stream<GoldenModel.Case> cases() {
    return GoldenModel.cases();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void anotherHeadOnKnownVectorsAnswersAsTheGraphWould(GoldenModel.Case golden) {
    GoldenModel model = golden.model();
    Path files = model.writeAdapter(golden.variant(), directory.resolve("adapter"));
    try (BaseModel base = BaseModel.load(model.writeBase(directory.resolve("base")).toString());
        ServingEncoder seen = new ServingEncoder(base, 1, Precision.FP32);
        ServingEncoder fresh = new ServingEncoder(base, 1, Precision.FP32)) {
      AdapterWeights champion = PeftFiles.read(files, base.config());
      AdapterWeights refreshed = withAnotherHead(champion);

      List<int[]> texts = List.of(model.tokens());
      float[][] before = seen.logits(champion, texts);
      float[][] after = seen.logits(refreshed, texts);

      float[][] expected = fresh.logits(refreshed, texts);
      for (int row = 0; row < expected.length; row++) {
        assertThat(after[row]).containsExactly(expected[row], Offset.offset(1e-4f));
        assertThat(after[row]).isNotEqualTo(before[row]);
      }
      assertThat(seen.logits(champion, texts)).isDeepEqualTo(before);
    }
  }

  private static AdapterWeights withAnotherHead(AdapterWeights weights) {
    DenseLayer dense = weights.dense();
    return new AdapterWeights(
        weights.lora(),
        weights.pairs(),
        weights.labels(),
        dense == null ? null : new DenseLayer(reversed(dense.weight()), reversed(dense.bias())),
        reversed(weights.headWeight()),
        reversed(weights.headBias()));
  }

  private static float[] reversed(float[] values) {
    float[] other = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      other[i] = values[values.length - 1 - i] + 0.25f;
    }
    return other;
  }
}
