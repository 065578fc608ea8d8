package dev.weir.model.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.fault.Digests;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import dev.weir.model.spec.WeightNames;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BaseModelTest {
  @TempDir Path directory;

  @BeforeEach
  void writeTinyModel() {
    TestingBaseModel.write(directory, 1, Pooling.MEAN);
  }

  @Test
  void loadsADirectoryWithoutItsPrefix() throws Exception {
    try (BaseModel base = BaseModel.load(directory.toString())) {
      assertThat(base.name()).isEqualTo(directory.toString());
      assertThat(base.config().pooling()).isEqualTo(Pooling.MEAN);
      assertThat(base.digest())
          .isEqualTo(Digests.sha256(Files.readAllBytes(directory.resolve("model.safetensors"))));
      assertThat(base.weight("encoder.layer.1.output.dense.weight").shape())
          .containsExactly(TestingBaseModel.HIDDEN, TestingBaseModel.INTERMEDIATE);
      assertThat(base.weightNames()).hasSize(5 + 16 * TestingBaseModel.LAYERS);
    }
  }

  @Test
  void unknownNameListsTheChoices() {
    assertRefused("no-such-model", "unknown-base", "bge-small-en-v1.5");
    assertRefused("", "unknown-base", "all-minilm-l6-v2");
    assertRefused("a\0b", "unknown-base", "config.json");
  }

  @Test
  void missingFileIsNamed() throws Exception {
    Files.delete(directory.resolve("tokenizer.json"));
    assertRefused(directory.toString(), "missing-file", "tokenizer.json");
  }

  @Test
  void otherArchitecturesAreRefusedByName() throws Exception {
    edit("\"model_type\":\"bert\"", "\"model_type\":\"electra\"");
    assertRefused(directory.toString(), "unsupported-architecture", "model_type \"electra\"");
    edit("\"model_type\":\"electra\"", "\"model_type\":\"bert\"");
    edit("\"hidden_act\":\"gelu\"", "\"hidden_act\":\"gelu_new\"");
    assertRefused(directory.toString(), "unsupported-architecture", "hidden_act \"gelu_new\"");
  }

  @Test
  void configThatContradictsTheWeightsIsRefused() throws Exception {
    edit("\"num_hidden_layers\":2", "\"num_hidden_layers\":3");
    assertRefused(directory.toString(), "missing-weight", "encoder.layer.2");
    edit("\"num_hidden_layers\":3", "\"num_hidden_layers\":2");
    edit("\"intermediate_size\":64", "\"intermediate_size\":48");
    assertRefused(directory.toString(), "weight-shape-mismatch", "[64, 32]");
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void eachArchitectureLoadsUnderCanonicalNames(Architecture architecture, @TempDir Path other) {
    TestingBaseModel.write(other, 1, architecture);
    try (BaseModel base = BaseModel.load(other.toString())) {
      ModelConfig config = base.config();
      assertThat(config.architecture()).isEqualTo(architecture);
      assertThat(config.head()).isEqualTo(architecture.head());
      assertThat(config.maxPositions()).isEqualTo(TestingBaseModel.MAX_POSITIONS);
      assertThat(base.weight("encoder.layer.1.intermediate.dense.weight").shape())
          .containsExactly(TestingBaseModel.INTERMEDIATE, TestingBaseModel.HIDDEN);
      long stored =
          Safetensors.read(other.resolve("model.safetensors")).values().stream()
              .mapToLong(tensor -> tensor.data().length)
              .sum();
      assertThat(base.parameters()).isEqualTo(stored);
    }
  }

  @Test
  void positionsOfRobertaStartBehindThePadding(@TempDir Path other) {
    TestingBaseModel.write(other, 1, Architecture.ROBERTA);
    float[] stored =
        Safetensors.read(other.resolve("model.safetensors"))
            .get("roberta.embeddings.position_embeddings.weight")
            .data();
    try (BaseModel base = BaseModel.load(other.toString())) {
      assertThat(base.weight(WeightNames.POSITIONS).data())
          .containsExactly(Arrays.copyOfRange(stored, 2 * TestingBaseModel.HIDDEN, stored.length));
    }
  }

  @Test
  void bertWithoutPoolerAndAnyModelWithAPoolingFileHaveALinearHead(@TempDir Path other)
      throws Exception {
    Path file = TestingBaseModel.write(other, 1, Architecture.BERT).resolve("model.safetensors");
    Map<String, Tensor> weights = new HashMap<>(Safetensors.read(file));
    weights.keySet().removeIf(name -> name.startsWith("bert.pooler"));
    Safetensors.write(file, weights, Map.of());
    try (BaseModel base = BaseModel.load(other.toString())) {
      assertThat(base.config().head()).isEqualTo(HeadKind.LINEAR);
    }
    TestingBaseModel.write(other, 1, Architecture.DISTILBERT);
    Files.createDirectory(other.resolve("1_Pooling"));
    Files.writeString(
        other.resolve("1_Pooling").resolve("config.json"), "{\"pooling_mode_mean_tokens\":true}");
    try (BaseModel base = BaseModel.load(other.toString())) {
      assertThat(base.config().head()).isEqualTo(HeadKind.LINEAR);
      assertThat(base.config().pooling()).isEqualTo(Pooling.MEAN);
    }
  }

  @Test
  void namesOfNormalisationsFromTensorFlowAreUnderstood() {
    assertThat(Architecture.BERT.canonical("bert.embeddings.LayerNorm.gamma"))
        .isEqualTo("embeddings.LayerNorm.weight");
    assertThat(Architecture.DISTILBERT.canonical("transformer.layer.3.sa_layer_norm.bias"))
        .isEqualTo("encoder.layer.3.attention.output.LayerNorm.bias");
  }

  @Test
  void aMissingWeightOfAnotherArchitectureIsNamed(@TempDir Path other) throws Exception {
    Path file =
        TestingBaseModel.write(other, 1, Architecture.DISTILBERT).resolve("model.safetensors");
    Map<String, Tensor> weights = new HashMap<>(Safetensors.read(file));
    weights.remove("distilbert.transformer.layer.1.ffn.lin2.weight");
    Safetensors.write(file, weights, Map.of());
    assertRefused(other.toString(), "missing-weight", "transformer.layer.1.ffn.lin2.weight");
  }

  @Test
  void corruptTokenizerIsRefused() throws Exception {
    Files.writeString(directory.resolve("tokenizer.json"), "{\"model\":{\"vocab\":{}}}");
    assertRefused(directory.toString(), "unsupported-tokenizer", "[CLS]");
    Files.writeString(directory.resolve("tokenizer.json"), "not json");
    assertRefused(directory.toString(), "corrupt-tokenizer", "tokenizer.json");
  }

  private void edit(String before, String after) throws Exception {
    Path file = directory.resolve("config.json");
    String json = Files.readString(file);
    assertThat(json).contains(before);
    Files.writeString(file, json.replace(before, after));
  }

  private static void assertRefused(String name, String reason, String message) {
    assertThatThrownBy(() -> BaseModel.load(name))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
