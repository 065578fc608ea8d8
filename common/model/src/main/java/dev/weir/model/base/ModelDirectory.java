package dev.weir.model.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.contract.fault.Digests;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import dev.weir.model.spec.WeightNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A base model as a Hugging Face directory: {@code config.json}, {@code model.safetensors}, {@code
 * tokenizer.json}, and optionally sentence-transformers' {@code 1_Pooling/config.json}. Nothing
 * else is read, {@code tokenizer_config.json} neither.
 *
 * <p>With a pooling file the head is linear on that pooling. Without one the head is that of the
 * architecture's sequence-classification model, on the first token; a BERT without pooler weights
 * has a linear one there.
 */
final class ModelDirectory {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MAX_JSON_BYTES = 64L << 20;

  private ModelDirectory() {}

  static BaseModel load(Path directory) {
    Path weightFile = directory.resolve("model.safetensors");
    JsonNode config = json(directory.resolve("config.json"));
    Architecture architecture = architecture(directory, config);
    int unused = architecture.unusedPositions(config.path("pad_token_id").asInt(1));
    Path tokenizerFile = directory.resolve("tokenizer.json");
    byte[] tokenizerJson = bytes(tokenizerFile);
    Map<String, Tensor> weights = new HashMap<>();
    Safetensors.read(weightFile)
        .forEach((name, tensor) -> weights.put(architecture.canonical(name), tensor));
    weights.computeIfPresent(
        WeightNames.POSITIONS, (name, table) -> withoutFirstRows(table, unused));
    HeadKind head = head(directory, architecture, weights);
    TextTokenizer tokenizer = TextTokenizer.load(tokenizerJson, tokenizerFile.toString());
    try {
      String name = directory.toString();
      return new BaseModel(
          name,
          name,
          Digests.sha256(weightFile),
          config(directory, config, architecture, unused, head, tokenizer),
          tokenizer,
          weights,
          unused);
    } catch (IOException | ModelException e) {
      tokenizer.close();
      if (e instanceof ModelException known) {
        throw known;
      }
      throw unreadable(weightFile, e);
    }
  }

  private static ModelConfig config(
      Path directory,
      JsonNode json,
      Architecture architecture,
      int unusedPositions,
      HeadKind head,
      TextTokenizer tokenizer) {
    Architecture.Keys keys = architecture.keys();
    return new ModelConfig(
        architecture,
        integer(directory, json, keys.hidden()),
        integer(directory, json, keys.layers()),
        integer(directory, json, keys.heads()),
        integer(directory, json, keys.intermediate()),
        integer(directory, json, "vocab_size"),
        integer(directory, json, "max_position_embeddings") - unusedPositions,
        architecture.statesEpsilon() ? json.path("layer_norm_eps").asDouble(1e-12) : 1e-12,
        pooling(directory),
        architecture.tokenTypes() && json.path("type_vocab_size").asInt(2) > 0,
        tokenizer.padTokenId(),
        tokenizer.clsTokenId(),
        tokenizer.sepTokenId(),
        head);
  }

  private static HeadKind head(
      Path directory, Architecture architecture, Map<String, Tensor> weights) {
    boolean pooler =
        weights.containsKey(WeightNames.weight(WeightNames.POOLER))
            && weights.containsKey(WeightNames.bias(WeightNames.POOLER));
    return Files.exists(poolingFile(directory))
            || (architecture.head() == HeadKind.POOLER && !pooler)
        ? HeadKind.LINEAR
        : architecture.head();
  }

  /** A table of the wrong shape is left as it is: the check of all shapes names it. */
  private static Tensor withoutFirstRows(Tensor table, int rows) {
    if (rows == 0 || table.shape().length != 2 || table.shape()[0] <= rows) {
      return table;
    }
    int columns = (int) table.shape()[1];
    return new Tensor(
        new long[] {table.shape()[0] - rows, columns},
        Arrays.copyOfRange(table.data(), rows * columns, table.data().length));
  }

  private static Architecture architecture(Path directory, JsonNode config) {
    String modelType = config.path("model_type").asText("");
    Architecture architecture =
        Architecture.of(modelType)
            .orElseThrow(
                () ->
                    unsupported(
                        directory, "model_type", modelType, "one of " + Architecture.modelTypes()));
    require(directory, config, architecture.keys().activation(), "gelu", "gelu");
    require(directory, config, "position_embedding_type", "absolute", "absolute");
    require(directory, config, "is_decoder", "false", "false");
    return architecture;
  }

  private static void require(
      Path directory, JsonNode config, String key, String supported, String whenAbsent) {
    String actual = config.path(key).asText(whenAbsent);
    if (!actual.equals(supported)) {
      throw unsupported(directory, key, actual, "\"" + supported + "\"");
    }
  }

  private static ModelException unsupported(
      Path directory, String key, String actual, String supported) {
    return new ModelException(
        "unsupported-architecture",
        "%s: config.json has %s \"%s\"; this version supports %s, so choose such a model."
            .formatted(directory, key, actual, supported));
  }

  private static Path poolingFile(Path directory) {
    return directory.resolve("1_Pooling").resolve("config.json");
  }

  private static Pooling pooling(Path directory) {
    Path file = poolingFile(directory);
    if (!Files.exists(file)) {
      return Pooling.CLS;
    }
    JsonNode json = json(file);
    if (json.path("pooling_mode_cls_token").asBoolean()) {
      return Pooling.CLS;
    }
    if (json.path("pooling_mode_mean_tokens").asBoolean()) {
      return Pooling.MEAN;
    }
    throw new ModelException(
        "unknown-pooling",
        file + " asks for neither cls_token nor mean_tokens; only these two are supported.");
  }

  private static int integer(Path directory, JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (!value.isInt()) {
      throw new ModelException(
          "invalid-model-config",
          "%s: config.json has no integer %s; restore the model's own config.json."
              .formatted(directory, key));
    }
    return value.intValue();
  }

  private static JsonNode json(Path file) {
    try {
      JsonNode root = JSON.readTree(bytes(file));
      if (root.isObject()) {
        return root;
      }
      throw new IOException("not a JSON object");
    } catch (IOException e) {
      throw new ModelException(
          "corrupt-json", file + " is not readable JSON: " + e.getMessage() + "; restore it.", e);
    }
  }

  private static byte[] bytes(Path file) {
    try {
      if (!Files.exists(file)) {
        throw new ModelException(
            "missing-file",
            file
                + " does not exist; a base model directory needs config.json, model.safetensors and tokenizer.json.");
      }
      if (Files.size(file) > MAX_JSON_BYTES) {
        throw new ModelException(
            "corrupt-json",
            "%s has %d bytes, the limit is %d; restore it."
                .formatted(file, Files.size(file), MAX_JSON_BYTES));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static ModelException unreadable(Path file, Exception cause) {
    return new ModelException(
        "unreadable-file", file + " cannot be read: " + cause + "; check its permissions.", cause);
  }
}
