package dev.weir.model.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.model.weights.NamePatterns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads and writes an adapter as Hugging Face PEFT lays it out: {@code adapter_config.json} and
 * {@code adapter_model.safetensors}, with the head as saved modules. Modules have the names of the
 * base's own {@link dev.weir.model.spec.Architecture}, such as {@code
 * base_model.model.distilbert.transformer.layer.0.attention.q_lin.lora_A.weight}.
 *
 * <p>Where the base's {@link HeadKind} is that of its sequence-classification model, {@code
 * PeftModel.from_pretrained(AutoModelForSequenceClassification.from_pretrained(base), adapter)}
 * answers the same in Python. A {@link HeadKind#LINEAR} head reads the pooled vector directly, so
 * there it belongs on {@code AutoModel}'s output.
 *
 * <p>What PEFT has no place for is in {@code weir_adapter.json}: labels, token limit, pooling, kind
 * of head and the base's digest.
 *
 * <p>An adapter without LoRA is written with {@code r} 1 and an empty {@code target_modules}: a
 * file that PEFT parses, whose only tensors are the head's.
 */
public final class PeftFiles {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";
  static final String FACTS = "weir_adapter.json";

  /** The names of all files that {@link #read} looks at. */
  public static final Set<String> FILES = Set.of(CONFIG, WEIGHTS, FACTS);

  private static final String PREFIX = "base_model.model.";
  private static final String LORA_A = ".lora_A.weight";
  private static final String LORA_B = ".lora_B.weight";
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final String MAGNITUDE = ".lora_magnitude_vector";
  private static final long MAX_JSON_BYTES = 1 << 20;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private PeftFiles() {}

  /**
   * Writes the three files for an adapter that reads the head and the tail of long texts; see the
   * other method.
   */
  public static void write(Path dir, AdapterWeights weights, BaseModel base, int maxTokens) {
    write(dir, weights, base, TokenLimit.of(maxTokens));
  }

  /**
   * Writes the three files into an existing directory, replacing what is there. Not atomic: write
   * to a temporary directory and rename it.
   *
   * @param limit how the texts were cut that the adapter was trained with
   * @throws ModelException {@code adapter-shape-mismatch}, {@code adapter-not-finite}, {@code
   *     unwritable-file}
   */
  public static void write(Path dir, AdapterWeights weights, BaseModel base, TokenLimit limit) {
    ModelConfig config = base.config();
    weights.validate(config);
    Safetensors.write(dir.resolve(WEIGHTS), tensors(weights, config), Map.of("format", "pt"));
    ObjectNode facts = JSON.createObjectNode();
    weights.labels().forEach(facts.putArray("labels")::add);
    facts.put("maxTokens", limit.maxTokens());
    facts.put("truncation", limit.truncation().id());
    facts.put("pooling", config.pooling().id());
    facts.put("head", config.head().id());
    facts.put("baseDigest", base.digest());
    writeJson(dir.resolve(CONFIG), peftConfig(weights, base));
    writeJson(dir.resolve(FACTS), facts);
  }

  /**
   * Reads an adapter, also one that PEFT itself wrote: without {@code weir_adapter.json} the labels
   * are {@code LABEL_0}, {@code LABEL_1}, …, and its task type says which head it has. Which
   * modules it adapts is told by its tensors; that the configuration's targets are among them is
   * checked.
   *
   * @param config of the base model that it has to fit
   * @throws ModelException {@code missing-file}, {@code corrupt-json}, {@code corrupt-safetensors},
   *     {@code unsupported-peft-option}, {@code invalid-lora-config}, {@code invalid-adapter},
   *     {@code adapter-shape-mismatch}, {@code adapter-not-finite}, {@code pooling-mismatch},
   *     {@code head-mismatch}
   */
  public static AdapterWeights read(Path dir, ModelConfig config) {
    JsonNode peft = readJson(dir.resolve(CONFIG));
    PeftOptions.requireSupported(dir.resolve(CONFIG), peft);
    Map<String, Tensor> tensors = new TreeMap<>(Safetensors.read(dir.resolve(WEIGHTS)));
    requireSameKind(dir, peft, config);
    String classifier = PREFIX + config.head().classifier();
    float[] headWeight = take(dir, tensors, classifier + WEIGHT, 2).data();
    float[] headBias = take(dir, tensors, classifier + BIAS, 1).data();
    DenseLayer dense = null;
    if (config.head().dense() != null) {
      String name = PREFIX + config.head().dense();
      dense =
          new DenseLayer(
              take(dir, tensors, name + WEIGHT, 2).data(),
              take(dir, tensors, name + BIAS, 1).data());
    }
    Map<String, LoraPair> pairs = new TreeMap<>();
    Set<LinearModule> targets = EnumSet.noneOf(LinearModule.class);
    Set<Integer> layers = new TreeSet<>();
    for (LinearModule module : LinearModule.values()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        String name = name(config, path);
        if (tensors.containsKey(PREFIX + name + LORA_A) || PeftTargets.promises(peft, name)) {
          targets.add(module);
          layers.add(layer);
          pairs.put(path, pair(dir, tensors, PREFIX + name));
        }
      }
    }
    if (!tensors.isEmpty()) {
      throw new ModelException(
          "adapter-shape-mismatch",
          "%s has tensors that this base model has no place for, such as %s; load the base model that it was trained on."
              .formatted(dir.resolve(WEIGHTS), tensors.keySet().iterator().next()));
    }
    LoraConfig lora = LoraConfig.NONE;
    if (!targets.isEmpty()) {
      Map<String, Integer> ranks = new LinkedHashMap<>();
      peft.path("rank_pattern")
          .properties()
          .forEach(e -> ranks.put(e.getKey(), e.getValue().asInt()));
      Map<String, Double> alphas = new LinkedHashMap<>();
      peft.path("alpha_pattern")
          .properties()
          .forEach(e -> alphas.put(e.getKey(), e.getValue().asDouble()));
      lora =
          new LoraConfig(
              peft.path("r").asInt(),
              peft.path("lora_alpha").asDouble(),
              peft.path("lora_dropout").asDouble(0),
              targets,
              peft.path("use_rslora").asBoolean(),
              peft.path("use_dora").asBoolean(),
              NamePatterns.renamed(ranks, pairs.keySet(), path -> name(config, path), path -> path),
              NamePatterns.renamed(
                  alphas, pairs.keySet(), path -> name(config, path), path -> path),
              layers.size() == config.layers() ? Set.of() : layers);
    }
    AdapterWeights weights =
        new AdapterWeights(lora, pairs, labels(dir, headBias.length), dense, headWeight, headBias);
    weights.validate(config);
    return weights;
  }

  /** A module's name in PEFT's eyes, which its patterns are matched against. */
  private static String name(ModelConfig config, String path) {
    Architecture architecture = config.architecture();
    return architecture.prefix() + architecture.inFiles(path);
  }

  private static LoraPair pair(Path dir, Map<String, Tensor> tensors, String name) {
    float[] a = take(dir, tensors, name + LORA_A, 2).data();
    float[] b = take(dir, tensors, name + LORA_B, 2).data();
    boolean dora = tensors.containsKey(name + MAGNITUDE);
    return new LoraPair(a, b, dora ? take(dir, tensors, name + MAGNITUDE, 1).data() : null);
  }

  private static Map<String, Tensor> tensors(AdapterWeights weights, ModelConfig config) {
    Map<String, Tensor> tensors = new TreeMap<>();
    for (LinearModule module : weights.lora().targets()) {
      for (int layer = 0; layer < config.layers(); layer++) {
        String path = module.path(layer);
        LoraPair pair = weights.pairs().get(path);
        if (pair != null) {
          String name = PREFIX + name(config, path);
          long rank = weights.lora().rank(path);
          long out = module.out(config);
          long[] shapeA = {rank, module.in(config)};
          tensors.put(name + LORA_A, new Tensor(shapeA, pair.a()));
          tensors.put(name + LORA_B, new Tensor(new long[] {out, rank}, pair.b()));
          float[] magnitude = pair.magnitude();
          if (magnitude != null) {
            tensors.put(name + MAGNITUDE, new Tensor(new long[] {out}, magnitude));
          }
        }
      }
    }
    long labels = weights.labels().size();
    long hidden = config.hiddenSize();
    String classifier = PREFIX + config.head().classifier();
    tensors.put(classifier + WEIGHT, new Tensor(new long[] {labels, hidden}, weights.headWeight()));
    tensors.put(classifier + BIAS, new Tensor(new long[] {labels}, weights.headBias()));
    DenseLayer dense = weights.dense();
    if (dense != null) {
      String name = PREFIX + config.head().dense();
      tensors.put(name + WEIGHT, new Tensor(new long[] {hidden, hidden}, dense.weight()));
      tensors.put(name + BIAS, new Tensor(new long[] {hidden}, dense.bias()));
    }
    return tensors;
  }

  private static ObjectNode peftConfig(AdapterWeights weights, BaseModel base) {
    LoraConfig lora = weights.lora();
    Set<String> paths = weights.pairs().keySet();
    ObjectNode json = JSON.createObjectNode();
    NamePatterns.renamed(
            lora.alphaPattern(), paths, path -> path, path -> name(base.config(), path))
        .forEach(json.putObject("alpha_pattern")::put);
    json.put("base_model_name_or_path", base.hubName());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.put("lora_alpha", lora.targets().isEmpty() ? 1.0 : lora.alpha());
    json.put("lora_dropout", lora.dropout());
    ArrayNode saved = json.putArray("modules_to_save").add("classifier");
    if (base.config().head() == HeadKind.DENSE_RELU) {
      saved.add("pre_classifier");
    }
    json.put("peft_type", "LORA");
    json.put("r", Math.max(1, lora.rank()));
    NamePatterns.renamed(lora.rankPattern(), paths, path -> path, path -> name(base.config(), path))
        .forEach(json.putObject("rank_pattern")::put);
    PeftTargets.write(json, weights, base.config());
    json.put("task_type", "SEQ_CLS");
    json.put("use_dora", lora.useDora());
    json.put("use_rslora", lora.useRslora());
    return json;
  }

  private static void requireSameKind(Path dir, JsonNode peft, ModelConfig config) {
    if (!Files.exists(dir.resolve(FACTS))) {
      requireHeadOfTask(dir, peft.path("task_type").asText(""), config.head());
      return;
    }
    JsonNode facts = readJson(dir.resolve(FACTS));
    String pooling = facts.path("pooling").asText(config.pooling().id());
    if (!pooling.equals(config.pooling().id())) {
      throw new ModelException(
          "pooling-mismatch",
          "%s was trained with pooling %s, this base model has %s; load the base model that it was trained on."
              .formatted(dir, pooling, config.pooling().id()));
    }
    // Files from before there were others have none: their heads are linear.
    String head = facts.path("head").asText(HeadKind.LINEAR.id());
    if (!head.equals(config.head().id())) {
      throw new ModelException(
          "head-mismatch",
          "%s was trained with a %s head, this base model has a %s one; load the base model that it was trained on (1_Pooling/config.json in its directory makes heads linear), or train the adapter again."
              .formatted(dir, head, config.head().id()));
    }
  }

  /**
   * What PEFT itself wrote says of its head only what its task type does. A classifier's shape is
   * the same under every head of this size, so that it fits proves nothing.
   */
  private static void requireHeadOfTask(Path dir, String task, HeadKind head) {
    boolean features = task.equals("FEATURE_EXTRACTION");
    if (features == (head == HeadKind.LINEAR)) {
      return;
    }
    String trained =
        features
            ? "for FEATURE_EXTRACTION, on text vectors"
            : "as a sequence classification model (task type %s), with that model's own head"
                .formatted(task.isEmpty() ? "none" : task);
    String remedy =
        features
            ? "load a base model with 1_Pooling/config.json"
            : "load the same base model from a directory without 1_Pooling/config.json";
    throw new ModelException(
        "head-mismatch",
        "%s was trained %s; heads on this base model are %s ones, so it would be read as another model. Either %s, or, if its classifier did read what a %s head reads, say so in a file %s beside it: {\"head\":\"%s\"}."
            .formatted(dir, trained, head.id(), remedy, head.id(), FACTS, head.id()));
  }

  private static List<String> labels(Path dir, int count) {
    List<String> labels = new ArrayList<>();
    if (!Files.exists(dir.resolve(FACTS)) || !readJson(dir.resolve(FACTS)).has("labels")) {
      for (int i = 0; i < count; i++) {
        labels.add("LABEL_" + i);
      }
      return labels;
    }
    readJson(dir.resolve(FACTS)).path("labels").forEach(label -> labels.add(label.asText()));
    return labels;
  }

  private static Tensor take(Path dir, Map<String, Tensor> tensors, String name, int dimensions) {
    Tensor tensor = tensors.remove(name);
    if (tensor == null || tensor.shape().length != dimensions) {
      throw new ModelException(
          "adapter-shape-mismatch",
          "%s: tensor %s is %s, expected one of %d dimensions; export the adapter again."
              .formatted(
                  dir.resolve(WEIGHTS), name, tensor == null ? "missing" : tensor, dimensions));
    }
    return tensor;
  }

  private static JsonNode readJson(Path file) {
    try {
      if (Files.size(file) > MAX_JSON_BYTES) {
        throw new IOException(Files.size(file) + " bytes, the limit is " + MAX_JSON_BYTES);
      }
      JsonNode root = JSON.readTree(Files.readAllBytes(file));
      if (!root.isObject()) {
        throw new IOException("not a JSON object");
      }
      return root;
    } catch (NoSuchFileException e) {
      throw new ModelException("missing-file", file + " does not exist; export it again.", e);
    } catch (IOException e) {
      throw new ModelException(
          "corrupt-json", file + " is not readable: " + e.getMessage() + "; export it again.", e);
    }
  }

  private static void writeJson(Path file, ObjectNode json) {
    try {
      Files.write(file, JSON.writeValueAsBytes(json));
    } catch (IOException e) {
      throw new ModelException(
          "unwritable-file",
          file + " cannot be written: " + e + "; check space and permissions.",
          e);
    }
  }
}
