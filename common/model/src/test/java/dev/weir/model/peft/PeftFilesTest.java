package dev.weir.model.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftFilesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path models;
  private static BaseModel base;
  @TempDir Path directory;

  @BeforeAll
  static void load() {
    base = BaseModel.load(TestingBaseModel.write(models, 1).toString());
  }

  @AfterAll
  static void close() {
    base.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"query,value", "all-linear", "output", "attention", "intermediate"})
  void readsWhatItWrote(String targets) {
    AdapterWeights written = write(targets);
    AdapterWeights read = PeftFiles.read(directory, base.config());
    assertThat(read.lora()).isEqualTo(written.lora());
    assertThat(read.labels()).isEqualTo(written.labels());
    assertThat(read.headWeight()).containsExactly(written.headWeight());
    assertThat(read.headBias()).containsExactly(written.headBias());
    assertThat(read.pairs().keySet()).isEqualTo(written.pairs().keySet());
    read.pairs()
        .forEach(
            (path, pair) -> {
              assertThat(pair.a()).containsExactly(written.pairs().get(path).a());
              assertThat(pair.b()).containsExactly(written.pairs().get(path).b());
            });
  }

  @Test
  void headWithoutLoraRoundTrips() {
    AdapterWeights head = TestingAdapter.random(base.config(), LoraConfig.NONE, 2, 1);
    PeftFiles.write(directory, head, base, 64);
    AdapterWeights read = PeftFiles.read(directory, base.config());
    assertThat(read.lora()).isEqualTo(LoraConfig.NONE);
    assertThat(read.pairs()).isEmpty();
    assertThat(read.headWeight()).containsExactly(head.headWeight());
  }

  @Test
  void namesTensorsAndTargetsAsPeftDoes() throws IOException {
    write("query,value");
    assertThat(Safetensors.read(directory.resolve(PeftFiles.WEIGHTS)))
        .containsKeys(
            "base_model.model.bert.encoder.layer.1.attention.self.query.lora_A.weight",
            "base_model.model.bert.encoder.layer.0.attention.self.value.lora_B.weight",
            "base_model.model.classifier.weight",
            "base_model.model.classifier.bias");
    JsonNode config = JSON.readTree(directory.resolve(PeftFiles.CONFIG).toFile());
    assertThat(config.path("target_modules").toString())
        .isEqualTo("[\"attention.self.query\",\"attention.self.value\"]");
    assertThat(config.path("peft_type").asText()).isEqualTo("LORA");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BERT|bert.encoder.layer.0.attention.self.query|attention.self.query|classifier",
        "DISTILBERT|distilbert.transformer.layer.0.attention.q_lin|q_lin|pre_classifier,classifier",
        "ROBERTA|roberta.encoder.layer.0.attention.self.query|attention.self.query|classifier.dense,classifier.out_proj"
      })
  void eachArchitectureHasItsOwnNames(
      Architecture architecture, String module, String target, String heads, @TempDir Path other)
      throws IOException {
    TestingBaseModel.write(other, 1, architecture);
    try (BaseModel model = BaseModel.load(other.toString())) {
      LoraConfig lora = new LoraConfig(4, 8, 0, LinearModule.parse("query"));
      AdapterWeights written = TestingAdapter.random(model.config(), lora, 3, 5);
      PeftFiles.write(directory, written, model, new TokenLimit(64, Truncation.LEFT));

      List<String> names = new ArrayList<>();
      for (String head : heads.split(",")) {
        names.add("base_model.model." + head + ".weight");
        names.add("base_model.model." + head + ".bias");
      }
      for (String path : List.of(module, module.replace("layer.0", "layer.1"))) {
        names.add("base_model.model." + path + ".lora_A.weight");
        names.add("base_model.model." + path + ".lora_B.weight");
      }
      assertThat(Safetensors.read(directory.resolve(PeftFiles.WEIGHTS)).keySet())
          .containsExactlyInAnyOrderElementsOf(names);
      JsonNode config = JSON.readTree(directory.resolve(PeftFiles.CONFIG).toFile());
      assertThat(config.path("target_modules").toString()).isEqualTo("[\"" + target + "\"]");
      JsonNode facts = JSON.readTree(directory.resolve(PeftFiles.FACTS).toFile());
      assertThat(facts.path("head").asText()).isEqualTo(architecture.head().id());
      assertThat(facts.path("truncation").asText()).isEqualTo("left");

      AdapterWeights read = PeftFiles.read(directory, model.config());
      assertThat(read.headWeight()).containsExactly(written.headWeight());
      assertThat(read.pairs().keySet()).isEqualTo(written.pairs().keySet());
      assertThat(read.dense() == null).isEqualTo(written.dense() == null);
      if (read.dense() != null && written.dense() != null) {
        assertThat(read.dense().weight()).containsExactly(written.dense().weight());
        assertThat(read.dense().bias()).containsExactly(written.dense().bias());
      }

      assertRefused("head-mismatch", "a " + architecture.head().id() + " head");
      Files.delete(directory.resolve(PeftFiles.FACTS));
      edit("modules_to_save", "[\"classifier\",\"score\"]");
      assertThat(PeftFiles.read(directory, model.config()).labels()).hasSize(3);
    }
  }

  @Test
  void aMissingDenseLayerIsNamed(@TempDir Path other) {
    TestingBaseModel.write(other, 1, Architecture.DISTILBERT);
    try (BaseModel model = BaseModel.load(other.toString())) {
      PeftFiles.write(
          directory, TestingAdapter.random(model.config(), LoraConfig.NONE, 2, 1), model, 64);
      Path file = directory.resolve(PeftFiles.WEIGHTS);
      Map<String, Tensor> tensors = new HashMap<>(Safetensors.read(file));
      tensors.remove("base_model.model.pre_classifier.weight");
      Safetensors.write(file, tensors, Map.of());
      assertThatThrownBy(() -> PeftFiles.read(directory, model.config()))
          .hasMessageContaining("base_model.model.pre_classifier.weight is missing");
      tensors.put(
          "base_model.model.pre_classifier.weight", new Tensor(new long[] {2, 2}, new float[4]));
      Safetensors.write(file, tensors, Map.of());
      assertThatThrownBy(() -> PeftFiles.read(directory, model.config()))
          .hasMessageContaining("4 weights and 32 biases");
    }
  }

  @Test
  void headsOfFilesThatDoNotSayAreLinear() throws IOException {
    write("query");
    Path file = directory.resolve(PeftFiles.FACTS);
    ObjectNode facts = (ObjectNode) JSON.readTree(file.toFile());
    facts.remove(List.of("head", "truncation"));
    Files.write(file, JSON.writeValueAsBytes(facts));
    assertThat(PeftFiles.read(directory, base.config()).labels()).hasSize(3);
  }

  @Test
  void ambiguousSuffixBecomesAPattern() throws IOException {
    write("output");
    String pattern =
        JSON.readTree(directory.resolve(PeftFiles.CONFIG).toFile()).path("target_modules").asText();
    assertThat("bert.encoder.layer.11.output.dense").matches(pattern);
    assertThat("bert.encoder.layer.11.attention.output.dense").doesNotMatch(pattern);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bias|\"all\"",
        "modules_to_save|[\"classifier\",\"pooler\"]",
        "some_future_option|3",
        "peft_type|\"IA3\""
      })
  void refusesOptionsThatChangeTheArithmetic(String name, String value) throws IOException {
    write("query");
    edit(name, value);
    assertRefused("unsupported-peft-option", name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "some_future_option|null",
        "use_qalora|false",
        "rank_pattern|{}",
        "layers_pattern|[]",
        "megatron_core|\"megatron.core\"",
        "qalora_group_size|16",
        "peft_version|\"0.18.0\""
      })
  void acceptsOptionsThatAreOff(String name, String value) throws IOException {
    write("query");
    edit(name, value);
    assertThat(PeftFiles.read(directory, base.config()).lora().rank()).isEqualTo(4);
  }

  @Test
  void labelsAreNumberedWithoutOurFile() throws IOException {
    write("query");
    Files.delete(directory.resolve(PeftFiles.FACTS));
    edit("task_type", "\"FEATURE_EXTRACTION\"");
    assertThat(PeftFiles.read(directory, base.config()).labels())
        .containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
  }

  @ParameterizedTest
  @CsvSource({
    "CLS, SEQ_CLS, 1_Pooling/config.json",
    "CLS, null, 1_Pooling/config.json",
    "MEAN, SEQ_CLS, 1_Pooling/config.json",
    "none, FEATURE_EXTRACTION, on text vectors"
  })
  void aHeadThatFitsByItsShapeAloneIsRefused(
      String pooling, String task, String message, @TempDir Path other) throws IOException {
    if (pooling.equals("none")) {
      TestingBaseModel.write(other, 1, Architecture.BERT);
    } else {
      TestingBaseModel.write(other, 1, Pooling.valueOf(pooling));
    }
    try (BaseModel model = BaseModel.load(other.toString())) {
      LoraConfig lora = new LoraConfig(4, 8, 0.1, LinearModule.parse("query"));
      PeftFiles.write(directory, TestingAdapter.random(model.config(), lora, 3, 5), model, 64);
      Files.delete(directory.resolve(PeftFiles.FACTS)); // As PEFT itself leaves it.
      edit("task_type", task.equals("null") ? task : "\"" + task + "\"");

      assertThatThrownBy(() -> PeftFiles.read(directory, model.config()))
          .hasMessageContaining(message)
          .isInstanceOfSatisfying(
              ModelException.class, e -> assertThat(e.reason()).isEqualTo("head-mismatch"));

      Files.writeString(
          directory.resolve(PeftFiles.FACTS),
          "{\"head\":\"%s\"}".formatted(model.config().head().id()));
      assertThat(PeftFiles.read(directory, model.config()).labels())
          .containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CAUSAL_LM", "SEQ_2_SEQ_LM", "TOKEN_CLS", "QUESTION_ANS", "UNHEARD_OF"})
  void otherTasksAreRefused(String task) throws IOException {
    write("query");
    edit("task_type", "\"" + task + "\"");
    assertRefused("unsupported-peft-option", "task_type");
  }

  @Test
  void refusesAnotherPooling(@TempDir Path other) {
    write("query");
    TestingBaseModel.write(other, 1, Pooling.MEAN);
    try (BaseModel mean = BaseModel.load(other.toString())) {
      assertThatThrownBy(() -> PeftFiles.read(directory, mean.config()))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("pooling cls");
    }
  }

  @Test
  void refusesARankThatTheTensorsDoNotHave() throws IOException {
    write("query");
    edit("r", "8");
    assertRefused("adapter-shape-mismatch", "rank 8");
  }

  @Test
  void namesTheMissingFile() throws IOException {
    write("query");
    Files.delete(directory.resolve(PeftFiles.WEIGHTS));
    assertRefused("missing-file", PeftFiles.WEIGHTS);
  }

  private AdapterWeights write(String targets) {
    LoraConfig lora = new LoraConfig(4, 8, 0.1, LinearModule.parse(targets));
    AdapterWeights weights = TestingAdapter.random(base.config(), lora, 3, 5);
    PeftFiles.write(directory, weights, base, 64);
    return weights;
  }

  private void edit(String name, String value) throws IOException {
    Path file = directory.resolve(PeftFiles.CONFIG);
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(name, JSON.readTree(value));
    Files.write(file, JSON.writeValueAsBytes(config));
  }

  private void assertRefused(String reason, String message) {
    assertThatThrownBy(() -> PeftFiles.read(directory, base.config()))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
