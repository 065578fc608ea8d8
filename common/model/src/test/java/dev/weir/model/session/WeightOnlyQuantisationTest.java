package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.model.base.BaseModel;
import dev.weir.model.base.BlockwiseInt8Weight;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WeightOnlyQuantisationTest {
  private static final LoraConfig LORA = new LoraConfig(4, 8, 0, LinearModule.parse("query,value"));
  private static final SlotLayout LAYOUT = new SlotLayout(1, 4, 3, LORA.targets());

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void aRowsAnswerDoesNotDependOnItsBatchmates(Pooling pooling) {
    try (BaseModel base = base(pooling);
        SlotEncoder encoder = open(base, Precision.INT8_WEIGHT_ONLY)) {
      int[][] texts = sameLength(base, 8, 17);
      float[][] together = encoder.run(texts, new int[8]).logits();
      for (int row = 0; row < 8; row++) {
        float[] alone = encoder.run(new int[][] {texts[row]}, new int[1]).logits()[0];
        assertThat(alone).isEqualTo(together[row]);
      }
    }
  }

  @Test
  void paddingChangesAnAnswerByRoundingOnly() {
    try (BaseModel base = base(Pooling.CLS);
        SlotEncoder encoder = open(base, Precision.INT8_WEIGHT_ONLY)) {
      int[][] texts = sameLength(base, 3, 9);
      float[] alone = encoder.run(new int[][] {texts[0]}, new int[1]).logits()[0];
      int[][] mixed = {texts[1], texts[0], sameLength(base, 1, 60)[0], texts[2]};
      float[] padded = encoder.run(mixed, new int[4]).logits()[1];
      assertThat(padded).containsExactly(alone, within(1e-3f));
    }
  }

  @Test
  void staysCloserToFloatsThanQuantisedActivations() {
    try (BaseModel base = base(Pooling.CLS);
        SlotEncoder exact = open(base, Precision.FP32);
        SlotEncoder weights = open(base, Precision.INT8_WEIGHT_ONLY);
        SlotEncoder both = open(base, Precision.INT8)) {
      int[][] texts = sameLength(base, 4, 20);
      float[][] wanted = exact.run(texts, new int[4]).pooled();
      double fromWeights = distance(wanted, weights.run(texts, new int[4]).pooled());
      assertThat(fromWeights).isPositive().isLessThan(0.5);
      assertThat(fromWeights).isLessThan(distance(wanted, both.run(texts, new int[4]).pooled()));
    }
  }

  @ParameterizedTest
  @CsvSource({"8,16,1", "16,16,1", "32,32,1", "48,32,2", "312,128,3", "384,128,3", "1536,128,12"})
  void blocksArePowersOfTwoThatTheOperatorTakes(int in, int block, int blocks) {
    assertThat(BlockwiseInt8Weight.block(in)).isEqualTo(block);
    assertThat(BlockwiseInt8Weight.blocks(in)).isEqualTo(blocks);
  }

  @Test
  void aPaddedBlockHoldsTheWeightsAndZeros() {
    Random random = new Random(5);
    int in = 48;
    float[] weight = new float[2 * in];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian();
    }
    BlockwiseInt8Weight quantised = BlockwiseInt8Weight.of(weight, 2, in);
    for (int row = 0; row < 2; row++) {
      for (int i = 0; i < 64; i++) {
        float scale = quantised.scales()[row * 2 + i / 32];
        int value =
            Byte.toUnsignedInt(quantised.values()[row * 64 + i]) - BlockwiseInt8Weight.ZERO_POINT;
        float wanted = i < in ? weight[row * in + i] : 0;
        assertThat(value * scale).isCloseTo(wanted, within(scale / 2 + 1e-6f));
      }
    }
  }

  private SlotEncoder open(BaseModel base, Precision precision) {
    SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, precision, 1);
    encoder.write(0, TestingAdapter.random(base.config(), LORA, 3, 4));
    return encoder;
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

  private static double distance(float[][] left, float[][] right) {
    return IntStream.range(0, left.length)
        .mapToDouble(
            row ->
                IntStream.range(0, left[row].length)
                    .mapToDouble(i -> Math.abs(left[row][i] - right[row][i]))
                    .max()
                    .orElse(0))
        .max()
        .orElse(0);
  }
}
