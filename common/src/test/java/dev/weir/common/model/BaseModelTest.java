package dev.weir.common.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.testing.TestingBaseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    edit("\"model_type\":\"bert\"", "\"model_type\":\"distilbert\"");
    assertRefused(directory.toString(), "unsupported-architecture", "distilbert");
  }

  @Test
  void configThatContradictsTheWeightsIsRefused() throws Exception {
    edit("\"num_hidden_layers\":2", "\"num_hidden_layers\":3");
    assertRefused(directory.toString(), "missing-weight", "encoder.layer.2");
    edit("\"num_hidden_layers\":3", "\"num_hidden_layers\":2");
    edit("\"intermediate_size\":64", "\"intermediate_size\":48");
    assertRefused(directory.toString(), "weight-shape-mismatch", "[64, 32]");
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
