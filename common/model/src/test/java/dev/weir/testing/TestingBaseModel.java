package dev.weir.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * A tiny encoder with random weights as a Hugging Face directory: 2 layers of 32, 4 heads, 64
 * inside, 128 positions, and the small tokenizer that its architecture has.
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

  private TestingBaseModel() {}

  /** Writes a BERT that pools {@code [CLS]}; equal seeds give equal files. */
  public static Path write(Path directory, long seed) {
    return write(directory, seed, Pooling.CLS);
  }

  /** Writes a BERT with a pooling file, so that heads on it are linear. */
  public static Path write(Path directory, long seed, Pooling pooling) {
    write(directory, seed, Architecture.BERT);
    ObjectNode poolingConfig = JSON.createObjectNode();
    poolingConfig.put("pooling_mode_cls_token", pooling == Pooling.CLS);
    poolingConfig.put("pooling_mode_mean_tokens", pooling == Pooling.MEAN);
    try {
      Files.createDirectories(directory.resolve("1_Pooling"));
      writeJson(directory.resolve("1_Pooling").resolve("config.json"), poolingConfig);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return directory;
  }

  /**
   * Writes {@code config.json}, {@code model.safetensors}, {@code tokenizer.json} of a model whose
   * heads are its architecture's own.
   */
  public static Path write(Path directory, long seed, Architecture architecture) {
    ObjectNode tokenizer = TestingTokenizers.of(architecture);
    int vocabularySize = tokenizer.path("model").path("vocab").size();
    try {
      Files.createDirectories(directory);
      writeJson(directory.resolve("config.json"), config(architecture, vocabularySize));
      writeJson(directory.resolve("tokenizer.json"), tokenizer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Safetensors.write(
        directory.resolve("model.safetensors"),
        weights(architecture, vocabularySize, new Random(seed)),
        Map.of("format", "pt"));
    return directory;
  }

  private static ObjectNode config(Architecture architecture, int vocabularySize) {
    ObjectNode config =
        JSON.createObjectNode()
            .put("model_type", architecture.modelType())
            .put("vocab_size", vocabularySize)
            .put("max_position_embeddings", MAX_POSITIONS + unusedPositions(architecture));
    if (architecture == Architecture.DISTILBERT) {
      return config
          .put("activation", "gelu")
          .put("dim", HIDDEN)
          .put("n_layers", LAYERS)
          .put("n_heads", HEADS)
          .put("hidden_dim", INTERMEDIATE)
          .put("sinusoidal_pos_embds", true);
    }
    boolean roberta = architecture == Architecture.ROBERTA;
    config.put("pad_token_id", roberta ? 1 : 0);
    if (roberta) {
      config.put("bos_token_id", 0).put("eos_token_id", 2);
    }
    return config
        .put("hidden_act", "gelu")
        .put("hidden_size", HIDDEN)
        .put("num_hidden_layers", LAYERS)
        .put("num_attention_heads", HEADS)
        .put("intermediate_size", INTERMEDIATE)
        .put("type_vocab_size", roberta ? 1 : 2)
        .put("layer_norm_eps", roberta ? 1e-5 : 1e-12);
  }

  private static int unusedPositions(Architecture architecture) {
    return architecture == Architecture.ROBERTA ? 2 : 0;
  }

  private static Map<String, Tensor> weights(
      Architecture architecture, int vocabularySize, Random random) {
    Map<String, Tensor> weights = new HashMap<>();
    String prefix = architecture.prefix();
    String embeddings = prefix + "embeddings.";
    weights.put(embeddings + "word_embeddings.weight", normal(random, 1, vocabularySize, HIDDEN));
    weights.put(
        embeddings + "position_embeddings.weight",
        normal(random, .1, MAX_POSITIONS + unusedPositions(architecture), HIDDEN));
    if (architecture != Architecture.DISTILBERT) {
      int types = architecture == Architecture.ROBERTA ? 1 : 2;
      weights.put(embeddings + "token_type_embeddings.weight", normal(random, .1, types, HIDDEN));
    }
    norm(weights, random, embeddings + "LayerNorm");
    boolean distilBert = architecture == Architecture.DISTILBERT;
    for (int layer = 0; layer < LAYERS; layer++) {
      for (LinearModule module : LinearModule.values()) {
        int in = module == LinearModule.OUTPUT ? INTERMEDIATE : HIDDEN;
        int out = module == LinearModule.INTERMEDIATE ? INTERMEDIATE : HIDDEN;
        String path = prefix + architecture.path(module, layer);
        weights.put(path + ".weight", normal(random, 1 / Math.sqrt(in), out, in));
        weights.put(path + ".bias", normal(random, .1, out));
      }
      String path = prefix + architecture.layers() + layer + ".";
      norm(weights, random, path + (distilBert ? "sa_layer_norm" : "attention.output.LayerNorm"));
      norm(weights, random, path + (distilBert ? "output_layer_norm" : "output.LayerNorm"));
    }
    if (architecture == Architecture.BERT) {
      weights.put(
          prefix + "pooler.dense.weight", normal(random, 1 / Math.sqrt(HIDDEN), HIDDEN, HIDDEN));
      weights.put(prefix + "pooler.dense.bias", normal(random, .1, HIDDEN));
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
