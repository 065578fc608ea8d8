package dev.weir.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.adapter.Safetensors;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.Pooling;
import dev.weir.common.model.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A tiny BERT with random weights as a Hugging Face directory: 2 layers of 32, 4 heads, 64 inside,
 * 128 positions, and a WordPiece tokenizer over some English words and all lower-case ASCII.
 *
 * <p>It is real in everything but size: load it with {@code BaseModel.load(directory)}.
 */
public final class TestingBaseModel {
  public static final int HIDDEN = 32;
  public static final int LAYERS = 2;
  public static final int HEADS = 4;
  public static final int INTERMEDIATE = 64;
  public static final int MAX_POSITIONS = 128;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> WORDS =
      List.of(
          "the", "a", "and", "of", "it", "was", "is", "not", "very", "film", "movie", "plot",
          "actor", "good", "great", "fine", "love", "loved", "bad", "awful", "boring", "hate",
          "hated", "review", "product", "works", "broken", "again", "##ing", "##ed", "##ly", "##s");

  private TestingBaseModel() {}

  /** Writes a model that pools {@code [CLS]}; equal seeds give equal files. */
  public static Path write(Path directory, long seed) {
    return write(directory, seed, Pooling.CLS);
  }

  /** Writes {@code config.json}, {@code model.safetensors}, {@code tokenizer.json}. */
  public static Path write(Path directory, long seed, Pooling pooling) {
    Map<String, Integer> vocabulary = vocabulary();
    try {
      Files.createDirectories(directory);
      writeJson(directory.resolve("config.json"), config(vocabulary.size()));
      writeJson(directory.resolve("tokenizer.json"), tokenizer(vocabulary));
      Files.createDirectories(directory.resolve("1_Pooling"));
      ObjectNode poolingConfig = JSON.createObjectNode();
      poolingConfig.put("pooling_mode_cls_token", pooling == Pooling.CLS);
      poolingConfig.put("pooling_mode_mean_tokens", pooling == Pooling.MEAN);
      writeJson(directory.resolve("1_Pooling").resolve("config.json"), poolingConfig);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Safetensors.write(
        directory.resolve("model.safetensors"),
        weights(vocabulary.size(), new Random(seed)),
        Map.of("format", "pt"));
    return directory;
  }

  private static Map<String, Integer> vocabulary() {
    Map<String, Integer> vocabulary = new HashMap<>();
    for (String token : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
      vocabulary.put(token, vocabulary.size());
    }
    for (char c = '!'; c <= '~'; c++) {
      if (!Character.isUpperCase(c)) {
        vocabulary.putIfAbsent(String.valueOf(c), vocabulary.size());
        vocabulary.putIfAbsent("##" + c, vocabulary.size());
      }
    }
    for (String word : WORDS) {
      vocabulary.putIfAbsent(word, vocabulary.size());
    }
    return vocabulary;
  }

  private static ObjectNode config(int vocabularySize) {
    return JSON.createObjectNode()
        .put("model_type", "bert")
        .put("hidden_act", "gelu")
        .put("hidden_size", HIDDEN)
        .put("num_hidden_layers", LAYERS)
        .put("num_attention_heads", HEADS)
        .put("intermediate_size", INTERMEDIATE)
        .put("vocab_size", vocabularySize)
        .put("max_position_embeddings", MAX_POSITIONS)
        .put("type_vocab_size", 2)
        .put("layer_norm_eps", 1e-12);
  }

  private static ObjectNode tokenizer(Map<String, Integer> vocabulary) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    // Both settings are traps that published files contain; a loader has to switch them off.
    root.putObject("truncation")
        .put("direction", "Right")
        .put("max_length", 8)
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    root.putObject("padding")
        .put("direction", "Right")
        .put("pad_id", 0)
        .put("pad_type_id", 0)
        .put("pad_token", "[PAD]")
        .putNull("pad_to_multiple_of")
        .putObject("strategy")
        .put("Fixed", 8);
    root.putArray("added_tokens");
    root.putObject("normalizer")
        .put("type", "BertNormalizer")
        .put("clean_text", true)
        .put("handle_chinese_chars", true)
        .putNull("strip_accents")
        .put("lowercase", true);
    root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    root.putNull("post_processor");
    root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    ObjectNode model =
        root.putObject("model")
            .put("type", "WordPiece")
            .put("unk_token", "[UNK]")
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", 100);
    vocabulary.forEach(model.putObject("vocab")::put);
    return root;
  }

  private static Map<String, Tensor> weights(int vocabularySize, Random random) {
    Map<String, Tensor> weights = new HashMap<>();
    weights.put(
        "bert.embeddings.word_embeddings.weight", normal(random, 1, vocabularySize, HIDDEN));
    weights.put(
        "bert.embeddings.position_embeddings.weight", normal(random, .1, MAX_POSITIONS, HIDDEN));
    weights.put("bert.embeddings.token_type_embeddings.weight", normal(random, .1, 2, HIDDEN));
    norm(weights, random, "bert.embeddings.LayerNorm");
    for (int layer = 0; layer < LAYERS; layer++) {
      for (LinearModule module : LinearModule.values()) {
        int in = module == LinearModule.OUTPUT ? INTERMEDIATE : HIDDEN;
        int out = module == LinearModule.INTERMEDIATE ? INTERMEDIATE : HIDDEN;
        String path = "bert." + module.path(layer);
        weights.put(path + ".weight", normal(random, 1 / Math.sqrt(in), out, in));
        weights.put(path + ".bias", normal(random, .1, out));
      }
      norm(weights, random, "bert.encoder.layer." + layer + ".attention.output.LayerNorm");
      norm(weights, random, "bert.encoder.layer." + layer + ".output.LayerNorm");
    }
    return weights;
  }

  private static void norm(Map<String, Tensor> weights, Random random, String path) {
    Tensor weight = normal(random, .1, HIDDEN);
    for (int i = 0; i < HIDDEN; i++) {
      weight.data()[i] += 1;
    }
    weights.put(path + ".weight", weight);
    weights.put(path + ".bias", normal(random, .1, HIDDEN));
  }

  private static Tensor normal(Random random, double deviation, int... shape) {
    int size = 1;
    long[] dimensions = new long[shape.length];
    for (int i = 0; i < shape.length; i++) {
      size *= shape[i];
      dimensions[i] = shape[i];
    }
    float[] data = new float[size];
    for (int i = 0; i < size; i++) {
      data[i] = (float) (random.nextGaussian() * deviation);
    }
    return new Tensor(dimensions, data);
  }

  private static void writeJson(Path file, ObjectNode json) throws IOException {
    Files.write(file, JSON.writeValueAsBytes(json));
  }
}
