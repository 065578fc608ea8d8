package dev.weir.model.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
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
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MergedModelTest {
  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void mergedAnswersAsSlots(Pooling pooling) {
    Path file = directory.resolve("model.onnx");
    try (BaseModel base = base(pooling)) {
      int[][] texts = texts(base);
      AdapterWeights adapter = adapter(base, "all-linear");
      SlotLayout layout = new SlotLayout(1, 4, 3, adapter.lora().targets());
      MergedModel.write(base, adapter, Precision.FP32, file);
      float[][] merged = MergedModel.run(file, texts, base.config().padTokenId());
      try (SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1)) {
        encoder.write(0, adapter);
        float[][] slots = encoder.run(texts, new int[texts.length]).logits();
        for (int i = 0; i < texts.length; i++) {
          assertThat(merged[i]).containsExactly(slots[i], within(1e-4f));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void mergedAnswersAsSlotsForEachArchitecture(Architecture architecture) {
    Path file = directory.resolve("model.onnx");
    Path written = TestingBaseModel.write(directory.resolve("base"), 3, architecture);
    try (BaseModel base = BaseModel.load(written.toString())) {
      int[][] texts = texts(base);
      AdapterWeights adapter = adapter(base, "all-linear");
      SlotLayout layout = new SlotLayout(2, 4, 3, adapter.lora().targets());
      MergedModel.write(base, adapter, Precision.FP32, file);
      float[][] merged = MergedModel.run(file, texts, base.config().padTokenId());
      try (SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1)) {
        encoder.write(1, adapter);
        int[] slots = {1, 1, 1};
        EncoderOutput output = encoder.run(texts, slots);
        for (int i = 0; i < texts.length; i++) {
          assertThat(merged[i]).containsExactly(output.logits()[i], within(1e-5f));
        }
        encoder.clear(1);
        assertThat(encoder.run(texts, slots).logits()[0]).containsOnly(0);
      }
    }
  }

  @Test
  void eightBitsStayCloseToFloats() {
    Path file = directory.resolve("model.onnx");
    try (BaseModel base = base(Pooling.CLS)) {
      int[][] texts = {texts(base)[0]};
      AdapterWeights adapter = adapter(base, "query,value");
      MergedModel.write(base, adapter, Precision.FP32, file);
      float[][] exact = MergedModel.run(file, texts, 0);
      MergedModel.write(base, adapter, Precision.INT8, file);
      float[][] eight = MergedModel.run(file, texts, 0);
      assertThat(eight[0]).containsExactly(exact[0], within(0.3f)).isNotEqualTo(exact[0]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"FP32", "INT8"})
  void usesStandardOperatorsOnly(String precision) throws Exception {
    Path file = directory.resolve("model.onnx");
    try (BaseModel base = base(Pooling.MEAN)) {
      MergedModel.write(base, adapter(base, "attention"), Precision.valueOf(precision), file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      ModelProto model = ModelProto.parseFrom(in);
      assertThat(model.getGraph().getNodeList()).extracting(NodeProto::getDomain).containsOnly("");
      assertThat(model.getOpsetImportList()).hasSize(1);
      assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(17);
    }
  }

  @Test
  void refusesAnAdapterOfAnotherBase() {
    try (BaseModel base = base(Pooling.CLS)) {
      AdapterWeights narrow =
          AdapterWeights.headOnly(List.of("a", "b"), new float[8], new float[2]);
      assertThatThrownBy(
              () -> MergedModel.write(base, narrow, Precision.FP32, directory.resolve("x")))
          .hasMessageContaining("vectors of 4")
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void refusesAPrecisionThatHasNoStandardOperator() {
    try (BaseModel base = base(Pooling.CLS)) {
      Path file = directory.resolve("x");
      AdapterWeights adapter = adapter(base, "query");
      assertThatThrownBy(() -> MergedModel.write(base, adapter, Precision.INT8_WEIGHT_ONLY, file))
          .isInstanceOfSatisfying(
              ModelException.class,
              e -> assertThat(e.reason()).isEqualTo("precision-not-portable"));
      assertThat(file).doesNotExist();
    }
  }

  private BaseModel base(Pooling pooling) {
    return BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 3, pooling).toString());
  }

  private static AdapterWeights adapter(BaseModel base, String targets) {
    Set<LinearModule> modules = LinearModule.parse(targets);
    return TestingAdapter.random(base.config(), new LoraConfig(4, 6, 0, modules), 3, 11);
  }

  private static int[][] texts(BaseModel base) {
    return new int[][] {
      base.tokenizer().encode("the plot was boring, the actor awful", 32),
      base.tokenizer().encode("fine", 32),
      base.tokenizer().encode("", 32)
    };
  }
}
