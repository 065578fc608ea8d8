package dev.weir.model.spec;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The families of encoders that share BERT's arithmetic (Devlin et al., NAACL 2019; DistilBERT:
 * Sanh et al., 2019; RoBERTa: Liu et al., 2019), and what Hugging Face calls their parts.
 *
 * <p>Everywhere else weights have BERT's names, here called canonical; only files see others.
 */
public enum Architecture {
  /** {@code model_type} bert. */
  BERT("bert", HeadKind.POOLER),
  /** {@code model_type} distilbert: no token types, no pooler, names of its own. */
  DISTILBERT("distilbert", HeadKind.DENSE_RELU),
  /** {@code model_type} roberta: its position table starts with rows that no token uses. */
  ROBERTA("roberta", HeadKind.DENSE_TANH);

  private static final String CANONICAL_LAYERS = "encoder.layer.";
  private static final String DISTILBERT_LAYERS = "transformer.layer.";
  private static final Pattern DISTILBERT_NAME =
      Pattern.compile("transformer\\.layer\\.(\\d+)\\.(.+)\\.(weight|bias)");
  private static final Pattern CANONICAL_NAME =
      Pattern.compile("encoder\\.layer\\.(\\d+)\\.(.+?)(\\.weight|\\.bias)?");
  private static final Map<LinearModule, String> DISTILBERT_MODULES =
      Map.of(
          LinearModule.QUERY, "attention.q_lin",
          LinearModule.KEY, "attention.k_lin",
          LinearModule.VALUE, "attention.v_lin",
          LinearModule.ATTENTION_OUTPUT, "attention.out_lin",
          LinearModule.INTERMEDIATE, "ffn.lin1",
          LinearModule.OUTPUT, "ffn.lin2");

  /** From a DistilBERT layer's own names to BERT's. */
  private static final Map<String, String> DISTILBERT_TO_CANONICAL = distilBertToCanonical();

  private final String modelType;
  private final HeadKind head;

  Architecture(String modelType, HeadKind head) {
    this.modelType = modelType;
    this.head = head;
  }

  /** What {@code config.json} calls its sizes and its activation function. */
  public record Keys(
      String hidden, String layers, String heads, String intermediate, String activation) {
    static final Keys BERT =
        new Keys(
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "hidden_act");
    static final Keys DISTILBERT =
        new Keys("dim", "n_layers", "n_heads", "hidden_dim", "activation");
  }

  /** The one that {@code config.json} names as its {@code model_type}, if it is known. */
  public static Optional<Architecture> of(String modelType) {
    return Arrays.stream(values()).filter(one -> one.modelType.equals(modelType)).findFirst();
  }

  /** All {@link #modelType model types}, for messages. */
  public static String modelTypes() {
    return Arrays.stream(values()).map(Architecture::modelType).collect(Collectors.joining(", "));
  }

  /** Hugging Face's {@code model_type}, e.g. {@code distilbert}. */
  public String modelType() {
    return modelType;
  }

  /** What precedes the encoder's weight names in a model with a head, e.g. {@code distilbert.}. */
  public String prefix() {
    return modelType + ".";
  }

  /** The head of this family's sequence-classification model. */
  public HeadKind head() {
    return head;
  }

  /** How the architecture's files name what Weir needs. */
  public Keys keys() {
    return this == DISTILBERT ? Keys.DISTILBERT : Keys.BERT;
  }

  /** Whether {@code config.json} may state {@code layer_norm_eps}; DistilBERT's is fixed. */
  public boolean statesEpsilon() {
    return this != DISTILBERT;
  }

  /** Whether there are token type embeddings. */
  public boolean tokenTypes() {
    return this != DISTILBERT;
  }

  /** First rows of the position table that belong to no token: RoBERTa counts from pad + 1. */
  public int unusedPositions(int padTokenId) {
    return this == ROBERTA ? padTokenId + 1 : 0;
  }

  /** A linear module's path inside a layer as Hugging Face has it, e.g. {@code ffn.lin1}. */
  public String path(LinearModule module) {
    return this == DISTILBERT ? DISTILBERT_MODULES.getOrDefault(module, "") : module.path();
  }

  /**
   * A linear module's path as Hugging Face has it, without {@link #prefix()}, e.g. {@code
   * transformer.layer.3.attention.q_lin}.
   */
  public String path(LinearModule module, int layer) {
    return layers() + layer + "." + path(module);
  }

  /** What precedes a layer's number in a weight's name. */
  public String layers() {
    return this == DISTILBERT ? DISTILBERT_LAYERS : CANONICAL_LAYERS;
  }

  /** How PEFT's {@code target_modules} name a module, e.g. {@code q_lin}. */
  public String target(LinearModule module) {
    String path = path(module);
    return this == DISTILBERT ? path.substring(path.lastIndexOf('.') + 1) : path;
  }

  /**
   * A weight's canonical name, given its name in a file of this family. Names of layer
   * normalisations from TensorFlow's days ({@code gamma}, {@code beta}) are understood, too.
   */
  public String canonical(String fileName) {
    String name = fileName.startsWith(prefix()) ? fileName.substring(prefix().length()) : fileName;
    name = renamedEnd(renamedEnd(name, "gamma", "weight"), "beta", "bias");
    Matcher own = DISTILBERT_NAME.matcher(name);
    if (this != DISTILBERT || !own.matches()) {
      return name;
    }
    String path = DISTILBERT_TO_CANONICAL.getOrDefault(own.group(2), own.group(2));
    return CANONICAL_LAYERS + own.group(1) + "." + path + "." + own.group(3);
  }

  /** A weight's or module's name in a file of this family, without {@link #prefix()}. */
  public String inFiles(String canonical) {
    Matcher name = CANONICAL_NAME.matcher(canonical);
    if (this != DISTILBERT || !name.matches()) {
      return canonical;
    }
    String path =
        DISTILBERT_TO_CANONICAL.entrySet().stream()
            .filter(entry -> entry.getValue().equals(name.group(2)))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElse(name.group(2));
    String end = name.group(3) == null ? "" : name.group(3);
    return DISTILBERT_LAYERS + name.group(1) + "." + path + end;
  }

  private static String renamedEnd(String name, String before, String after) {
    return name.endsWith("LayerNorm." + before)
        ? name.substring(0, name.length() - before.length()) + after
        : name;
  }

  private static Map<String, String> distilBertToCanonical() {
    Map<String, String> names = new HashMap<>();
    DISTILBERT_MODULES.forEach((module, path) -> names.put(path, module.path()));
    names.put("sa_layer_norm", "attention.output.LayerNorm");
    names.put("output_layer_norm", "output.LayerNorm");
    return Map.copyOf(names);
  }
}
