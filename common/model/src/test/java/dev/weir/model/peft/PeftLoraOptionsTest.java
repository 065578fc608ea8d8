package dev.weir.model.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.base.BaseModel;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftLoraOptionsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LAYER = "base_model.model.bert.encoder.layer.";

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
  @CsvSource({
    "query|value,true,true,1",
    "query|value,false,true,",
    "output,true,false,1",
    "output|query,true,true,0",
    "all-linear,false,false,0"
  })
  void readsWhatItWrote(String targets, boolean rslora, boolean dora, Integer layer) {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    ranks.put("layer\\.1\\..*query", 2);
    ranks.put("query", 3);
    AdapterWeights written =
        write(
            new LoraConfig(
                4,
                8,
                0.1,
                LinearModule.parse(targets.replace('|', ',')),
                rslora,
                dora,
                ranks,
                Map.of("output.dense", 2.5),
                layer == null ? Set.of() : Set.of(layer)));

    AdapterWeights read = read();

    assertThat(read.lora()).isEqualTo(written.lora());
    assertThat(read.lora().rankPattern().keySet()).containsExactlyElementsOf(ranks.keySet());
    assertSamePairs(read, written);
  }

  @Test
  void namesMagnitudesAndLayersAsPeftDoes() throws IOException {
    write(lora("query", true, Set.of(1)));
    Map<String, Tensor> tensors = Safetensors.read(directory.resolve(PeftFiles.WEIGHTS));
    assertThat(tensors.get(LAYER + "1.attention.self.query.lora_magnitude_vector").shape())
        .containsExactly(TestingBaseModel.HIDDEN);
    assertThat(tensors.keySet()).noneMatch(name -> name.startsWith(LAYER + "0."));
    ObjectNode config = config();
    assertThat(config.path("layers_to_transform").toString()).isEqualTo("[1]");
    assertThat(config.path("use_dora").booleanValue()).isTrue();
    assertThat(config.path("rank_pattern").toString()).isEqualTo("{}");
  }

  @Test
  void anExpressionSaysTheLayersItself() throws IOException {
    write(lora("output", false, Set.of(1)));
    ObjectNode config = config();
    assertThat(config.path("layers_to_transform").isNull()).isTrue();
    String pattern = config.path("target_modules").asText();
    assertThat("bert.encoder.layer.1.output.dense").matches(pattern);
    assertThat("bert.encoder.layer.0.output.dense").doesNotMatch(pattern);
    assertThat("bert.encoder.layer.1.attention.output.dense").doesNotMatch(pattern);
  }

  @Test
  void readsZeroPairsOfLowerLayersAsEarlierVersionsWroteThem() {
    AdapterWeights full =
        TestingAdapter.random(base.config(), lora("query", false, Set.of()), 3, 5);
    LoraPair lower = full.pairs().get(LinearModule.QUERY.path(0));
    Map<String, LoraPair> pairs = new HashMap<>(full.pairs());
    pairs.put(
        LinearModule.QUERY.path(0),
        new LoraPair(new float[lower.a().length], new float[lower.b().length]));
    AdapterWeights old =
        new AdapterWeights(full.lora(), pairs, full.labels(), full.headWeight(), full.headBias());
    PeftFiles.write(directory, old, base, 64);

    assertSamePairs(read(), old);
  }

  @Test
  void chosenModulesNeedNotBeTheSameInEveryLayer() throws IOException {
    AdapterWeights written = write(lora("query,value", true, Set.of()));
    String expression = ".*(layer\\.0\\.attention\\.self\\.query|layer\\.1\\..*\\.(query|value))";
    withoutTensorsOf(LinearModule.VALUE.path(0));
    edit("target_modules", JSON.writeValueAsString(expression));

    AdapterWeights read = read();
    assertThat(read.pairs().keySet())
        .containsExactlyInAnyOrder(
            LinearModule.QUERY.path(0), LinearModule.QUERY.path(1), LinearModule.VALUE.path(1));
    PeftFiles.write(directory, read, base, 64);

    assertSamePairs(read(), read);
    assertThat(written.pairs()).hasSize(4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[\"query\",\"value\"]",
        "\"all-linear\"",
        "\".*\\\\.(query|value)\"",
        "[\"bert.encoder.layer.0.attention.self.value\"]"
      })
  void refusesTargetsWithoutTensors(String targets) throws IOException {
    write(lora("query", false, Set.of()));
    edit("target_modules", targets);
    assertRefused("adapter-shape-mismatch", "lora_A");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"layers_to_transform\":[1],\"layers_pattern\":null}",
        "{\"layers_to_transform\":1,\"layers_pattern\":\"layer\"}",
        "{\"layers_to_transform\":[1],\"layers_pattern\":[\"blocks\",\"layer\"]}",
        "{\"exclude_modules\":\".*layer\\\\.0.*\"}",
        "{\"exclude_modules\":[\"layer.0.attention.self.query\"]}"
      })
  void tensorsAreExpectedWhereTheConfigurationSaysSo(String options) throws IOException {
    write(lora("query", false, Set.of(1)));
    edit("layers_to_transform", "null");
    assertRefused("adapter-shape-mismatch", "layer.0");
    ObjectNode config = config();
    config.setAll((ObjectNode) JSON.readTree(options));
    Files.write(directory.resolve(PeftFiles.CONFIG), JSON.writeValueAsBytes(config));
    assertThat(read().lora().layers()).containsExactly(1);
  }

  @Test
  void patternsReadTheNameThatPeftSees() throws IOException {
    write(lora("query", false, Set.of()));
    edit("rank_pattern", "{\"^bert\\\\.encoder.*query\": 4}");
    edit("r", "64");
    assertThat(read().lora().rank(LinearModule.QUERY.path(1))).isEqualTo(4);
  }

  @Test
  void magnitudesBelongToDoraAlone() throws IOException {
    write(lora("query", false, Set.of()));
    edit("use_dora", "true");
    assertRefused("adapter-shape-mismatch", "no magnitudes");
    write(lora("query", true, Set.of()));
    edit("use_dora", "false");
    assertRefused("adapter-shape-mismatch", "DoRA is off");
  }

  /** The file is what PEFT 0.21.2 writes for {@code LoraConfig()}. */
  @Test
  void acceptsPeftsDefaults() throws IOException {
    write(lora("query", false, Set.of()));
    try (InputStream defaults =
        Objects.requireNonNull(getClass().getResourceAsStream("/peft-0.21.2-lora-config.json"))) {
      ObjectNode config = (ObjectNode) JSON.readTree(defaults);
      config.put("r", 4);
      config.putArray("target_modules").add("query");
      Files.write(directory.resolve(PeftFiles.CONFIG), JSON.writeValueAsBytes(config));
    }
    assertThat(read().lora().scaling(LinearModule.QUERY.path(0))).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "alora_invocation_tokens|[1,2]",
        "arrow_config|{\"top_k\":3}",
        "bias|\"all\"",
        "bias|\"lora_only\"",
        "corda_config|{\"corda_method\":\"ipm\"}",
        "ensure_weight_tying|true",
        "fan_in_fan_out|true",
        "init_lora_weights|\"pissa\"",
        "init_lora_weights|\"pissa_niter_4\"",
        "init_lora_weights|\"olora\"",
        "init_lora_weights|\"corda\"",
        "init_lora_weights|\"loftq\"",
        "init_lora_weights|\"lora_ga\"",
        "init_lora_weights|\"mica\"",
        "kasa_config|{\"beta\":0.1}",
        "layer_replication|[[0,2]]",
        "loftq_config|{\"loftq_bits\":4}",
        "lora_bias|true",
        "lora_ga_config|{\"scale\":\"stable\"}",
        "megatron_config|{\"a\":1}",
        "modules_to_save|[\"pooler\"]",
        "monteclora_config|{\"num_samples\":4}",
        "qalora_group_size|32",
        "target_parameters|[\"weight\"]",
        "task_type|\"CAUSAL_LM\"",
        "trainable_token_indices|[5]",
        "use_bdlora|{\"nblocks\":2}",
        "use_qalora|true",
        "velora_config|{\"num_groups\":4}"
      })
  void refusesByNameWhatChangesTheArithmetic(String name, String value) throws IOException {
    write(lora("query", false, Set.of()));
    edit(name, value);
    assertRefused("unsupported-peft-option", name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "init_lora_weights|false",
        "init_lora_weights|\"gaussian\"",
        "init_lora_weights|\"orthogonal\"",
        "modules_to_save|[\"classifier\",\"score\"]",
        "task_type|null",
        "task_type|\"FEATURE_EXTRACTION\""
      })
  void acceptsWhatLeavesItAlone(String name, String value) throws IOException {
    AdapterWeights written = write(lora("query", false, Set.of()));
    edit(name, value);
    assertSamePairs(read(), written);
  }

  private static LoraConfig lora(String targets, boolean dora, Set<Integer> layers) {
    return new LoraConfig(
        4, 8, 0.1, LinearModule.parse(targets), false, dora, Map.of(), Map.of(), layers);
  }

  private AdapterWeights write(LoraConfig lora) {
    AdapterWeights weights = TestingAdapter.random(base.config(), lora, 3, 5);
    PeftFiles.write(directory, weights, base, 64);
    return weights;
  }

  private AdapterWeights read() {
    return PeftFiles.read(directory, base.config());
  }

  private ObjectNode config() throws IOException {
    return (ObjectNode) JSON.readTree(directory.resolve(PeftFiles.CONFIG).toFile());
  }

  private void edit(String name, String value) throws IOException {
    ObjectNode config = config();
    config.set(name, JSON.readTree(value));
    Files.write(directory.resolve(PeftFiles.CONFIG), JSON.writeValueAsBytes(config));
  }

  private void withoutTensorsOf(String path) {
    Path file = directory.resolve(PeftFiles.WEIGHTS);
    Map<String, Tensor> tensors = new HashMap<>(Safetensors.read(file));
    tensors.keySet().removeIf(name -> name.contains(path));
    Safetensors.write(file, tensors, Map.of("format", "pt"));
  }

  private void assertRefused(String reason, String message) {
    assertThatThrownBy(this::read)
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(
            ModelException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static void assertSamePairs(AdapterWeights actual, AdapterWeights expected) {
    assertThat(actual.pairs().keySet()).isEqualTo(expected.pairs().keySet());
    actual
        .pairs()
        .forEach(
            (path, pair) -> {
              LoraPair other = Objects.requireNonNull(expected.pairs().get(path));
              assertThat(pair.a()).containsExactly(other.a());
              assertThat(pair.b()).containsExactly(other.b());
              assertThat(pair.magnitude()).isEqualTo(other.magnitude());
            });
  }
}
