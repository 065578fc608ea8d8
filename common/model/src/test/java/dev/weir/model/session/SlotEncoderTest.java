package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SlotEncoderTest {
  private static final Set<LinearModule> ALL = LinearModule.parse("all-linear");
  private static final SlotLayout LAYOUT = new SlotLayout(3, 4, 3, ALL);
  private static final LoraConfig LORA = new LoraConfig(4, 8, 0, ALL);

  @TempDir static Path directory;
  private static BaseModel base;
  private static BaseModel meanBase;
  private static int[] shortText;
  private static int[] longText;

  @BeforeAll
  static void loadTinyModels() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("cls"), 1).toString());
    meanBase =
        BaseModel.load(
            TestingBaseModel.write(directory.resolve("mean"), 2, Pooling.MEAN).toString());
    shortText = base.tokenizer().encode("good film", 32);
    longText = base.tokenizer().encode("the plot was awful and the actor is not very good", 32);
  }

  @AfterAll
  static void close() {
    base.close();
    meanBase.close();
  }

  @Test
  void slotCopiedIntoLargerTablesAnswersAsBefore() {
    AdapterWeights weights = TestingAdapter.random(base.config(), LORA, 3, 7);
    SlotLayout larger = new SlotLayout(5, 9, 4, ALL, true);
    try (SlotEncoder small = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1);
        AdapterTables from = new AdapterTables(base, LAYOUT);
        AdapterTables to = new AdapterTables(base, larger);
        SlotEncoder large = SlotEncoder.over(base, to, Precision.FP32, 1);
        SlotEncoder eight = SlotEncoder.over(base, to, Precision.INT8, 1)) {
      small.write(2, weights);
      from.write(1, weights);
      to.write(4, TestingAdapter.random(base.config(), LORA, 3, 8)); // What was there before.
      to.copy(4, from, 1);
      float[] expected = small.run(new int[][] {longText}, new int[] {2}).logits()[0];
      float[] exact = large.run(new int[][] {longText}, new int[] {4}).logits()[0];
      float[] coarse = eight.run(new int[][] {longText}, new int[] {4}).logits()[0];
      assertThat(Arrays.copyOf(exact, 3)).containsExactly(expected, within(1e-5f));
      assertThat(exact[3]).isZero();
      assertThat(Arrays.copyOf(coarse, 3)).containsExactly(expected, within(0.5f));
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void runsThatTakeAlongTheirSlotsAnswerAsThoseOverTheTables(Pooling pooling) {
    BaseModel model = model(pooling);
    SlotLayout layout = new SlotLayout(5, 4, 3, ALL, true);
    int[][] texts = {shortText, longText, shortText, longText, {2, 3}};
    int[] slots = {4, 0, 4, 2, 0}; // 1 is wanted by nobody, 3 was never written.
    RunBuffers buffers = new RunBuffers();
    try (AdapterTables tables = new AdapterTables(model, layout);
        SlotEncoder over = SlotEncoder.over(model, tables, Precision.FP32, 1);
        SlotEncoder copying = SlotEncoder.copying(model, tables, Precision.FP32)) {
      for (int slot : new int[] {0, 1, 2, 4}) {
        tables.write(slot, TestingAdapter.random(model.config(), LORA, 3, slot));
      }
      assertThat(copying.logits(texts, slots, buffers))
          .isDeepEqualTo(over.logits(texts, slots, new RunBuffers()));
      tables.write(2, TestingAdapter.random(model.config(), LORA, 3, 9)); // A release.
      int[] others = {2, 3, 2, 1, 2};
      assertThat(copying.logits(texts, others, buffers))
          .isDeepEqualTo(over.logits(texts, others, new RunBuffers()));
      assertThat(copying.run(texts, others).logits())
          .isDeepEqualTo(over.run(texts, others).logits());
    }
  }

  @Test
  void takesAsManyRowsAsTheirSlotsFit() {
    int[] slots = {7, 7, 3, 7, 5, 3};
    ChosenSlots first = ChosenSlots.of(slots, 0, 2);
    assertThat(first.slots()).containsExactly(7, 3);
    assertThat(first.rows()).containsExactly(0, 0, 1, 0);
    ChosenSlots rest = ChosenSlots.of(slots, 4, 2);
    assertThat(rest.slots()).containsExactly(5, 3);
    assertThat(rest.rows()).containsExactly(0, 1);
    assertThat(ChosenSlots.of(slots, 2, 0).slots())
        .as("a slot larger than the limit goes alone")
        .containsExactly(3);
  }

  @Test
  void memoryBoundsTheNumberOfSlots() {
    SlotLayout one = new SlotLayout(1, 4, 3, ALL);
    long bytes = AdapterTables.slotBytes(base.config(), one);
    assertThat(AdapterTables.mostSlots(base.config(), one, 10 * bytes + 1)).isEqualTo(10);
    assertThat(AdapterTables.mostSlots(base.config(), one, bytes - 1)).isZero();
    SlotLayout wide = new SlotLayout(1, 8, 3, ALL);
    assertThat(AdapterTables.mostSlots(base.config(), wide, 10 * bytes)).isBetween(5, 6);
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void zeroInitialisedLoraAnswersAsTheBare(Pooling pooling) {
    BaseModel model = model(pooling);
    AdapterWeights zero = TestingAdapter.zeroInitialised(model.config(), LORA, 3, 7);
    try (SlotEncoder encoder = SlotEncoder.open(model, LAYOUT, Precision.FP32, 1)) {
      encoder.write(0, AdapterWeights.headOnly(zero.labels(), zero.headWeight(), zero.headBias()));
      encoder.write(1, zero);
      EncoderOutput output = encoder.run(new int[][] {longText, longText}, new int[] {0, 1});
      assertThat(output.pooled()[1]).containsExactly(output.pooled()[0], within(1e-6f));
      assertThat(output.logits()[1]).containsExactly(output.logits()[0], within(1e-6f));
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void batchOfMixedSlotsAndLengthsAnswersAsSingleRuns(Pooling pooling) {
    BaseModel model = model(pooling);
    try (SlotEncoder encoder = SlotEncoder.open(model, LAYOUT, Precision.FP32, 1)) {
      for (int slot = 0; slot < 3; slot++) {
        encoder.write(slot, TestingAdapter.random(model.config(), LORA, 3, slot));
      }
      int[][] texts = {shortText, longText, shortText, longText, {2, 3}};
      int[] slots = {0, 1, 2, 0, 1};
      EncoderOutput together = encoder.run(texts, slots);
      for (int i = 0; i < texts.length; i++) {
        EncoderOutput alone = encoder.run(new int[][] {texts[i]}, new int[] {slots[i]});
        assertThat(together.logits()[i]).containsExactly(alone.logits()[0], within(1e-5f));
        assertThat(together.pooled()[i]).containsExactly(alone.pooled()[0], within(1e-5f));
      }
      assertThat(together.logits()[0]).isNotEqualTo(together.logits()[2]);
    }
  }

  @Test
  void smallerRankTargetsAndLabelsArePaddedByZeros() {
    LoraConfig small = new LoraConfig(2, 8, 0, LinearModule.parse("query,output"));
    AdapterWeights adapter = TestingAdapter.random(base.config(), small, 2, 5);
    SlotLayout exact = new SlotLayout(1, 2, 2, small.targets());
    int[][] texts = {longText};
    try (SlotEncoder wide = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1);
        SlotEncoder tight = SlotEncoder.open(base, exact, Precision.FP32, 1)) {
      wide.write(1, TestingAdapter.random(base.config(), LORA, 3, 9));
      wide.write(1, adapter);
      tight.write(0, adapter);
      float[] actual = wide.run(texts, new int[] {1}).logits()[0];
      float[] expected = tight.run(texts, new int[] {0}).logits()[0];
      assertThat(actual).hasSize(3);
      assertThat(actual[0]).isCloseTo(expected[0], within(1e-5f));
      assertThat(actual[1]).isCloseTo(expected[1], within(1e-5f));
      assertThat(actual[2]).isZero();
    }
  }

  @Test
  void writingOrClearingASlotLeavesTheOthersAlone() {
    try (SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1)) {
      encoder.write(1, TestingAdapter.random(base.config(), LORA, 3, 1));
      float[] before = encoder.run(new int[][] {longText}, new int[] {1}).logits()[0];
      encoder.write(0, TestingAdapter.random(base.config(), LORA, 3, 2));
      encoder.write(2, TestingAdapter.random(base.config(), LORA, 3, 3));
      encoder.clear(2);
      EncoderOutput after = encoder.run(new int[][] {longText, longText}, new int[] {1, 2});
      assertThat(after.logits()[0]).containsExactly(before, within(1e-6f));
      assertThat(after.logits()[1]).containsOnly(0);
    }
  }

  @Test
  void layoutWithoutTargetsServesHeadsOnly() {
    SlotLayout heads = new SlotLayout(2, 0, 3, Set.of());
    AdapterWeights adapter = TestingAdapter.random(base.config(), LoraConfig.NONE, 3, 4);
    try (SlotEncoder encoder = SlotEncoder.open(base, heads, Precision.FP32, 1)) {
      encoder.write(1, adapter);
      EncoderOutput output = encoder.run(new int[][] {shortText}, new int[] {1});
      for (int label = 0; label < 3; label++) {
        double expected = adapter.headBias()[label];
        for (int i = 0; i < TestingBaseModel.HIDDEN; i++) {
          expected +=
              adapter.headWeight()[label * TestingBaseModel.HIDDEN + i] * output.pooled()[0][i];
        }
        assertThat(output.logits()[0][label]).isCloseTo((float) expected, within(1e-5f));
      }
    }
  }

  @Test
  void eightBitsStayCloseToFloats() {
    try (SlotEncoder exact = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1);
        SlotEncoder eight = SlotEncoder.open(base, LAYOUT, Precision.INT8, 1)) {
      AdapterWeights adapter = TestingAdapter.random(base.config(), LORA, 3, 4);
      exact.write(0, adapter);
      eight.write(0, adapter);
      int[][] texts = {longText};
      float[] a = exact.run(texts, new int[1]).pooled()[0];
      float[] b = eight.run(texts, new int[1]).pooled()[0];
      assertThat(cosine(a, b)).isGreaterThan(0.98);
      assertThat(a).isNotEqualTo(b);
    }
  }

  @Test
  void refusesAdaptersThatDoNotFitAndKeepsTheSlot() {
    SlotLayout small = new SlotLayout(1, 2, 2, LinearModule.parse("query,value"));
    try (SlotEncoder encoder = SlotEncoder.open(base, small, Precision.FP32, 1)) {
      encoder.write(0, TestingAdapter.random(base.config(), LoraConfig.NONE, 2, 1));
      float[] before = encoder.run(new int[][] {shortText}, new int[1]).logits()[0];
      refuses(encoder, new LoraConfig(4, 8, 0, small.targets()), 2, "rank-too-large");
      refuses(encoder, new LoraConfig(2, 8, 0, ALL), 2, "target-not-in-layout");
      refuses(encoder, new LoraConfig(2, 8, 0, small.targets()), 3, "too-many-labels");
      AdapterWeights narrow =
          AdapterWeights.headOnly(List.of("a", "b"), new float[32], new float[2]);
      assertReason(() -> encoder.write(0, narrow), "adapter-shape-mismatch");
      AdapterWeights broken = TestingAdapter.random(base.config(), LoraConfig.NONE, 2, 1);
      broken.headBias()[1] = Float.NaN;
      assertReason(() -> encoder.write(0, broken), "adapter-not-finite");
      assertThat(encoder.run(new int[][] {shortText}, new int[1]).logits()[0]).isEqualTo(before);
    }
  }

  @Test
  void refusesIdsLengthsAndSlotsOutOfRange() {
    SlotEncoder encoder = SlotEncoder.open(base, LAYOUT, Precision.FP32, 1);
    int vocabulary = base.config().vocabSize();
    int[][] badTexts = {{}, {2, vocabulary, 3}, {-1}, new int[TestingBaseModel.MAX_POSITIONS + 1]};
    for (int[] bad : badTexts) {
      assertThatThrownBy(() -> encoder.run(new int[][] {bad}, new int[1]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> encoder.run(new int[][] {shortText}, new int[] {3}))
        .hasMessageContaining("Slot 3")
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(encoder.run(new int[0][], new int[0]).logits()).isEmpty();
    encoder.close();
    encoder.close();
    assertThatThrownBy(() -> encoder.run(new int[][] {shortText}, new int[1]))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void adaptersWithDenseLayersShareABatch(@TempDir Path other) {
    TestingBaseModel.write(other, 5, Architecture.DISTILBERT);
    try (BaseModel distilBert = BaseModel.load(other.toString());
        SlotEncoder encoder = SlotEncoder.open(distilBert, LAYOUT, Precision.FP32, 1)) {
      int[] text = distilBert.tokenizer().encode("the plot was awful", 32);
      for (int slot = 0; slot < 3; slot++) {
        encoder.write(slot, TestingAdapter.random(distilBert.config(), LORA, 3, slot));
      }
      EncoderOutput together = encoder.run(new int[][] {text, text, text}, new int[] {0, 1, 2});
      for (int slot = 0; slot < 3; slot++) {
        float[] alone = encoder.run(new int[][] {text}, new int[] {slot}).logits()[0];
        assertThat(together.logits()[slot]).containsExactly(alone, within(1e-5f));
      }
      AdapterWeights linear =
          AdapterWeights.headOnly(List.of("a", "b"), new float[64], new float[2]);
      assertThatThrownBy(() -> encoder.write(0, linear))
          .hasMessageContaining("head is dense-relu")
          .isInstanceOf(ModelException.class);
    }
  }

  private static void refuses(SlotEncoder encoder, LoraConfig lora, int labels, String reason) {
    AdapterWeights adapter = TestingAdapter.random(base.config(), lora, labels, 3);
    assertReason(() -> encoder.write(0, adapter), reason);
  }

  private static void assertReason(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String reason) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static BaseModel model(Pooling pooling) {
    return pooling == Pooling.CLS ? base : meanBase;
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double normA = 0;
    double normB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      normA += a[i] * a[i];
      normB += b[i] * b[i];
    }
    return dot / Math.sqrt(normA * normB);
  }
}
