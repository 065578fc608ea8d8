package dev.weir.model.base;

import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Tensor;
import dev.weir.model.spec.WeightNames;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A frozen pre-trained encoder: configuration, weights and tokenizer.
 *
 * <p>Two come inside jars and need no files; any other BERT, DistilBERT or RoBERTa is a directory
 * with {@code config.json}, {@code model.safetensors} and {@code tokenizer.json}, as Hugging Face
 * writes it. Weights have BERT's names whatever the {@link dev.weir.model.spec.Architecture};
 * RoBERTa's position table lacks the rows that no token uses.
 *
 * <p>Immutable and thread-safe; weights live on the Java heap (4 bytes each, 133 MB for the
 * default). Whoever loads it closes it, after everything that tokenizes with it.
 */
public final class BaseModel implements AutoCloseable {
  /** The base model used when none is named. */
  public static final String DEFAULT = "bge-small-en-v1.5";

  private final String name;
  private final String hubName;
  private final String digest;
  private final ModelConfig config;
  private final TextTokenizer tokenizer;
  private final Map<String, Tensor> weights;
  private final long parameters;

  BaseModel(
      String name,
      String hubName,
      String digest,
      ModelConfig config,
      TextTokenizer tokenizer,
      Map<String, Tensor> weights) {
    this(name, hubName, digest, config, tokenizer, weights, 0);
  }

  /**
   * @param unusedPositions rows of the stored position table that are not among the weights
   */
  BaseModel(
      String name,
      String hubName,
      String digest,
      ModelConfig config,
      TextTokenizer tokenizer,
      Map<String, Tensor> weights,
      int unusedPositions) {
    this.name = name;
    this.hubName = hubName;
    this.digest = digest;
    this.config = config;
    this.tokenizer = tokenizer;
    this.weights = Collections.unmodifiableMap(checked(name, config, weights));
    long kept = this.weights.values().stream().mapToLong(tensor -> tensor.data().length).sum();
    this.parameters = kept + (long) unusedPositions * config.hiddenSize();
  }

  /** The names that {@link #load} knows without files. */
  public static List<String> builtIn() {
    return BuiltInModel.names();
  }

  /**
   * Begins to read a built-in model's file in another thread, for the next {@link #load} of this
   * process; what is none of theirs is left alone. For an entry point that knows what will be asked
   * for: unpacking takes a second. What was read is dropped when another model is loaded.
   */
  public static void prefetch(String name) {
    BuiltInModel.prefetch(name);
  }

  /**
   * Loads a built-in model by name, or a directory.
   *
   * @throws ModelException {@code unknown-base}, {@code missing-file}, {@code
   *     unsupported-architecture}, {@code missing-weight}, {@code weight-shape-mismatch}, {@code
   *     corrupt-…}
   */
  public static BaseModel load(String nameOrDirectory) {
    if (builtIn().contains(nameOrDirectory)) {
      return BuiltInModel.load(nameOrDirectory);
    }
    BuiltInModel.prefetched(null);
    try {
      Path directory = Path.of(nameOrDirectory);
      if (!nameOrDirectory.isBlank() && Files.isDirectory(directory)) {
        return ModelDirectory.load(directory);
      }
    } catch (InvalidPathException e) {
      // Not a path at all: the message below is the better answer.
    }
    throw new ModelException(
        "unknown-base",
        "Base model \"%s\" is neither built in nor a directory; use one of %s, or a directory with config.json, model.safetensors and tokenizer.json."
            .formatted(nameOrDirectory, builtIn()));
  }

  /** The built-in name, or the directory as it was given. */
  public String name() {
    return name;
  }

  /** The model's id on the Hugging Face hub if it is built in, else {@link #name()}. */
  public String hubName() {
    return hubName;
  }

  /** SHA-256 of the weight file's bytes, in lower-case hex: an adapter fits exactly one. */
  public String digest() {
    return digest;
  }

  /** The configuration that the weights were read with. */
  public ModelConfig config() {
    return config;
  }

  /** The model's own tokenizer; closed with the model. */
  public TextTokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * A weight by BERT's Hugging Face name without the model prefix, e.g. {@code
   * encoder.layer.0.attention.self.query.weight}, shaped {@code [out, in]}; a DistilBERT's and a
   * RoBERTa's weights have these names, too.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Tensor weight(String name) {
    Tensor tensor = weights.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(this.name + " has no weight " + name);
    }
    return tensor;
  }

  /** How many numbers the encoder has in its file, heads not counted. */
  public long parameters() {
    return parameters;
  }

  /** All names that {@link #weight} knows, from the embeddings up. */
  public Set<String> weightNames() {
    return weights.keySet();
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  @Override
  public String toString() {
    return "BaseModel[" + name + ", sha256 " + digest + "]";
  }

  /**
   * Keeps just the encoder's weights (not heads, and a pooler only where the head reads it), in
   * order, and checks their shapes.
   */
  private static Map<String, Tensor> checked(
      String name, ModelConfig config, Map<String, Tensor> weights) {
    Map<String, Tensor> kept = new LinkedHashMap<>();
    WeightNames.shapes(config)
        .forEach(
            (weightName, shape) -> {
              Tensor tensor = weights.get(weightName);
              if (tensor == null) {
                throw new ModelException(
                    "missing-weight",
                    "Base model %s has no weight %s in F32, F16 or BF16; its weights do not belong to its config.json, or are of another type: convert them."
                        .formatted(name, config.architecture().inFiles(weightName)));
              }
              long[] expected = shape.clone();
              if (expected[0] < 0 && tensor.shape().length == 2 && tensor.shape()[0] > 0) {
                expected[0] = tensor.shape()[0];
              }
              if (!tensor.hasShape(expected)) {
                throw new ModelException(
                    "weight-shape-mismatch",
                    "Base model %s: weight %s is %s, config.json says %s; use files of one model."
                        .formatted(
                            name,
                            config.architecture().inFiles(weightName),
                            tensor,
                            java.util.Arrays.toString(expected)));
              }
              kept.put(weightName, tensor);
            });
    return kept;
  }
}
