package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraVariantsTest {
  private static final Set<LinearModule> ALL = LinearModule.parse("all-linear");
  private static final SlotLayout LAYOUT = new SlotLayout(3, 8, 3, ALL, true);

  @TempDir static Path directory;
  private static BaseModel base;
  private static int[][] texts;

  @BeforeAll
  static void loadTinyModel() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    texts =
        new int[][] {
          base.tokenizer().encode("the plot was awful and the actor is not very good", 32),
          base.tokenizer().encode("good film", 32)
        };
  }

  @AfterAll
  static void close() {
    base.close();
  }

  @ParameterizedTest
  @CsvSource({
    "true,false,false,false",
    "false,true,false,false",
    "false,false,true,false",
    "false,false,false,true",
    "true,true,true,true"
  })
  void mergedAnswersAsSlots(boolean rslora, boolean dora, boolean patterns, boolean layers) {
    AdapterWeights adapter =
        TestingAdapter.random(base.config(), lora(rslora, dora, patterns, layers), 3, 11);
    Path file = directory.resolve("model.onnx");
    MergedModel.write(base, adapter, Precision.FP32, file);
    float[][] merged = MergedModel.run(file, texts, base.config().padTokenId());
    try (SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1)) {
      encoder.write(2, adapter);
      float[][] slots = encoder.run(texts, new int[] {2, 2}).logits();
      for (int i = 0; i < texts.length; i++) {
        assertThat(merged[i]).containsExactly(slots[i], within(1e-5f));
      }
    }
  }

  @Test
  void zeroInitialisedDoraAnswersAsTheBare() {
    AdapterWeights zero = TestingAdapter.zeroInitialised(base, lora(true, true, true, false), 3, 7);
    try (SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1)) {
      encoder.write(0, zero);
      encoder.write(1, AdapterWeights.headOnly(zero.labels(), zero.headWeight(), zero.headBias()));
      EncoderOutput output = encoder.run(new int[][] {texts[0], texts[0]}, new int[] {0, 1});
      assertThat(output.pooled()[0]).containsExactly(output.pooled()[1], within(1e-5f));
      assertThat(output.logits()[0]).containsExactly(output.logits()[1], within(1e-5f));
    }
  }

  @Test
  void doraAndPlainAdaptersAndTheBareBaseShareABatch() {
    AdapterWeights dora = TestingAdapter.random(base.config(), lora(true, true, true, true), 3, 5);
    AdapterWeights plain =
        TestingAdapter.random(base.config(), lora(false, false, false, false), 3, 6);
    SlotLayout without = new SlotLayout(1, 8, 3, ALL);
    try (SlotEncoder mixed = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1);
        SlotEncoder alone = SlotEncoder.open(base, without, Precision.FP32, 1)) {
      mixed.write(0, dora);
      mixed.write(1, dora);
      mixed.write(1, plain);
      mixed.write(2, dora);
      mixed.clear(2);
      int[][] rows = {texts[0], texts[0], texts[0]};
      EncoderOutput together = mixed.run(rows, new int[] {0, 1, 2});
      alone.write(0, plain);
      EncoderOutput expected = alone.run(new int[][] {texts[0]}, new int[1]);
      assertThat(together.logits()[1]).containsExactly(expected.logits()[0], within(1e-5f));
      alone.clear(0);
      EncoderOutput bare = alone.run(new int[][] {texts[0]}, new int[1]);
      assertThat(together.pooled()[2]).containsExactly(bare.pooled()[0], within(1e-5f));
      EncoderOutput single = mixed.run(new int[][] {texts[0]}, new int[1]);
      assertThat(together.logits()[0]).containsExactly(single.logits()[0], within(1e-5f));
    }
  }

  @Test
  void doraNeedsALayoutThatHasIt() {
    AdapterWeights dora =
        TestingAdapter.random(base.config(), lora(false, true, false, false), 3, 5);
    SlotLayout without = new SlotLayout(1, 8, 3, ALL);
    try (SlotEncoder encoder = SlotEncoder.open(base, without, Precision.FP32, 1)) {
      assertThatThrownBy(() -> encoder.write(0, dora))
          .isInstanceOfSatisfying(
              ModelException.class, e -> assertThat(e.reason()).isEqualTo("dora-not-in-layout"));
    }
  }

  @Test
  void aPatternsRankHasToFitTheSlots() {
    AdapterWeights patterns =
        TestingAdapter.random(base.config(), lora(false, false, true, false), 3, 5);
    SlotLayout narrow = new SlotLayout(1, 4, 3, ALL);
    try (SlotEncoder encoder = SlotEncoder.open(base, narrow, Precision.FP32, 1)) {
      assertThatThrownBy(() -> encoder.write(0, patterns))
          .isInstanceOfSatisfying(
              ModelException.class, e -> assertThat(e.reason()).isEqualTo("rank-too-large"));
    }
  }

  private static LoraConfig lora(boolean rslora, boolean dora, boolean patterns, boolean layers) {
    return new LoraConfig(
        4,
        2,
        0,
        ALL,
        rslora,
        dora,
        patterns ? Map.of("layer\\.1\\..*", 6, "layer\\.0\\..*value", 2) : Map.of(),
        patterns ? Map.of("query", 5.0) : Map.of(),
        layers ? Set.of(1) : Set.of());
  }
}
