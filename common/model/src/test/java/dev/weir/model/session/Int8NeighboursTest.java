package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.QuantisedRows;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In 8 bits a text is answered alike, whatever texts are in the same batch. */
class Int8NeighboursTest {

  private static final LoraConfig LORA = new LoraConfig(4, 8, 0, LinearModule.parse("query,value"));
  private static final SlotLayout LAYOUT = new SlotLayout(1, 4, 3, LORA.targets());

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void rowOfASlotEncoderDoesNotDependOnItsBatchmates(Pooling pooling) {
    try (BaseModel base = base(pooling);
        SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, Precision.INT8, 1)) {
      encoder.write(0, adapter(base));
      answersAlikeInAnyCompany(base, texts -> encoder.run(texts, new int[texts.length]).logits());
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void rowOfAMergedModelDoesNotDependOnItsBatchmates(Pooling pooling) {
    Path file = directory.resolve("model.int8.onnx");
    try (BaseModel base = base(pooling)) {
      MergedModel.write(base, adapter(base), Precision.INT8, file);
      assertThat(MergedEncoder.dependsOnBatch(file)).isFalse();
      try (MergedEncoder encoder = MergedEncoder.open(file, 1, base.config().padTokenId())) {
        answersAlikeInAnyCompany(base, encoder::run);
      }
    }
  }

  @Test
  void rowsOfZerosAreZeros() {
    assertThat(QuantisedRows.steps(new float[] {127, 0})).containsExactly(1, 0);
  }

  /** To the last bit at the same padded length; else as far as another padding makes it. */
  private static void answersAlikeInAnyCompany(
      BaseModel base, Function<int[][], float[][]> encoder) {
    int[][] texts = sameLength(base, 24, 17);
    for (int row = 0; row < texts.length; row++) {
      float[] alone = encoder.apply(new int[][] {texts[row], texts[row]})[0];
      for (int company = 1; company < 8; company++) {
        int[][] batch = {texts[row], texts[(row + company) % 24], texts[(row + 3 * company) % 24]};
        assertThat(encoder.apply(batch)[0]).isEqualTo(alone);
      }
    }
  }

  private static AdapterWeights adapter(BaseModel base) {
    return TestingAdapter.random(base.config(), LORA, 3, 4);
  }

  private BaseModel base(Pooling pooling) {
    return BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 3, pooling).toString());
  }

  private static int[][] sameLength(BaseModel base, int rows, int length) {
    Random random = new Random(rows);
    return IntStream.range(0, rows)
        .mapToObj(row -> random.ints(length, 5, base.config().vocabSize()).toArray())
        .toArray(int[][]::new);
  }
}
