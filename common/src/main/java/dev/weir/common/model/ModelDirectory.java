package dev.weir.common.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.common.adapter.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A base model as a Hugging Face directory: {@code config.json}, {@code model.safetensors}, {@code
 * tokenizer.json}, and optionally sentence-transformers' {@code 1_Pooling/config.json}.
 *
 * <p>Without the latter the text vector is that of {@code [CLS]}, BERT's own convention.
 */
final class ModelDirectory {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MAX_JSON_BYTES = 64L << 20;
  private static final String PREFIX = "bert.";

  private ModelDirectory() {}

  static BaseModel load(Path directory) {
    Path weightFile = directory.resolve("model.safetensors");
    JsonNode config = json(directory.resolve("config.json"));
    requireBert(directory, config);
    Path tokenizerFile = directory.resolve("tokenizer.json");
    byte[] tokenizerJson = bytes(tokenizerFile);
    Map<String, Tensor> weights = new HashMap<>();
    Safetensors.read(weightFile)
        .forEach(
            (name, tensor) ->
                weights.put(
                    name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name, tensor));
    TextTokenizer tokenizer = TextTokenizer.load(tokenizerJson, tokenizerFile.toString());
    try {
      String name = directory.toString();
      return new BaseModel(
          name,
          name,
          Digests.sha256(weightFile),
          config(directory, config, tokenizer),
          tokenizer,
          weights);
    } catch (IOException | ModelException e) {
      tokenizer.close();
      if (e instanceof ModelException known) {
        throw known;
      }
      throw unreadable(weightFile, e);
    }
  }

  private static ModelConfig config(Path directory, JsonNode json, TextTokenizer tokenizer) {
    return new ModelConfig(
        "bert",
        integer(directory, json, "hidden_size"),
        integer(directory, json, "num_hidden_layers"),
        integer(directory, json, "num_attention_heads"),
        integer(directory, json, "intermediate_size"),
        integer(directory, json, "vocab_size"),
        integer(directory, json, "max_position_embeddings"),
        json.path("layer_norm_eps").asDouble(1e-12),
        pooling(directory),
        json.path("type_vocab_size").asInt(2) > 0,
        tokenizer.padTokenId(),
        tokenizer.clsTokenId(),
        tokenizer.sepTokenId());
  }

  private static void requireBert(Path directory, JsonNode config) {
    require(directory, config, "model_type", "bert", "");
    require(directory, config, "hidden_act", "gelu", "gelu");
    require(directory, config, "position_embedding_type", "absolute", "absolute");
    require(directory, config, "is_decoder", "false", "false");
  }

  private static void require(
      Path directory, JsonNode config, String key, String supported, String whenAbsent) {
    String actual = config.path(key).asText(whenAbsent);
    if (!actual.equals(supported)) {
      throw new ModelException(
          "unsupported-architecture",
          "%s: config.json has %s \"%s\"; this version supports \"%s\" only, so choose a BERT model."
              .formatted(directory, key, actual, supported));
    }
  }

  private static Pooling pooling(Path directory) {
    Path file = directory.resolve("1_Pooling").resolve("config.json");
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
