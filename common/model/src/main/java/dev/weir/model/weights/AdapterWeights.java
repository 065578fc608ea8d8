package dev.weir.model.weights;

import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The trained numbers of one adapter: LoRA pairs by module path, and a head: a classifier, and
 * before it a dense layer where the base's {@link HeadKind} has one.
 *
 * <p>Immutable by agreement: the arrays are shared, not copied. Safe to share between threads.
 */
public final class AdapterWeights {
  private final LoraConfig lora;
  private final Map<String, LoraPair> pairs;
  private final List<String> labels;
  private final @Nullable DenseLayer dense;
  private final float[] headWeight;
  private final float[] headBias;

  /** An adapter without a dense layer; see the other constructor. */
  public AdapterWeights(
      LoraConfig lora,
      Map<String, LoraPair> pairs,
      List<String> labels,
      float[] headWeight,
      float[] headBias) {
    this(lora, pairs, labels, null, headWeight, headBias);
  }

  /**
   * @param pairs by {@link LinearModule#path(int)}
   * @param dense the layer before the classifier, or {@code null} where the base's head has none
   * @param headWeight {@code [labels, hidden]}, row-major
   * @param headBias {@code [labels]}
   * @throws ModelException {@code invalid-adapter} when parts contradict each other
   */
  public AdapterWeights(
      LoraConfig lora,
      Map<String, LoraPair> pairs,
      List<String> labels,
      @Nullable DenseLayer dense,
      float[] headWeight,
      float[] headBias) {
    this.lora = lora;
    this.pairs = Collections.unmodifiableMap(new TreeMap<>(pairs));
    this.labels = List.copyOf(labels);
    this.dense = dense;
    this.headWeight = headWeight;
    this.headBias = headBias;
    if (labels.isEmpty() || new HashSet<>(labels).size() != labels.size()) {
      throw invalid("needs at least one label and no label twice, got " + labels);
    }
    if (headBias.length != labels.size()
        || headWeight.length == 0
        || headWeight.length % labels.size() != 0) {
      throw invalid(
          "has %d labels, but a head of %d weights and %d biases"
              .formatted(labels.size(), headWeight.length, headBias.length));
    }
  }

  /** A head on the frozen base, without LoRA. */
  public static AdapterWeights headOnly(List<String> labels, float[] headWeight, float[] headBias) {
    return new AdapterWeights(LoraConfig.NONE, Map.of(), labels, headWeight, headBias);
  }

  /** A head of zeros on the frozen base, with the parts that the base's head kind has. */
  public static AdapterWeights untrained(ModelConfig config, List<String> labels) {
    return new AdapterWeights(
        LoraConfig.NONE,
        Map.of(),
        labels,
        config.head().hasDense() ? DenseLayer.zero(config.hiddenSize()) : null,
        new float[labels.size() * config.hiddenSize()],
        new float[labels.size()]);
  }

  /** The configuration of the low-rank pairs. */
  public LoraConfig lora() {
    return lora;
  }

  /**
   * By {@link LinearModule#path(int)}; once {@link #validate} passed, targets of covered layers and
   * no other. Where one has no pair the base is unchanged: PEFT's expressions can choose so.
   */
  public Map<String, LoraPair> pairs() {
    return pairs;
  }

  /** In the order of the head's rows. */
  public List<String> labels() {
    return labels;
  }

  /** The layer before the classifier, or {@code null} if there is none. */
  public @Nullable DenseLayer dense() {
    return dense;
  }

  /** {@code [labels, hidden]}, row-major. */
  public float[] headWeight() {
    return headWeight;
  }

  /** {@code [labels]}. */
  public float[] headBias() {
    return headBias;
  }

  /** The width of the vector that the classifier reads, which is the text vector's. */
  public int hiddenSize() {
    return headWeight.length / labels.size();
  }

  /**
   * Checks every shape against a base model: pairs at targets of covered layers only, of right
   * sizes, with magnitudes exactly when DoRA is on, and finite values.
   *
   * @throws ModelException {@code adapter-shape-mismatch} or {@code adapter-not-finite}
   */
  public void validate(ModelConfig config) {
    if (hiddenSize() != config.hiddenSize()) {
      throw mismatch(
          "head reads vectors of %d, the base model's are %d"
              .formatted(hiddenSize(), config.hiddenSize()));
    }
    validateDense(config);
    finite("head weight", headWeight);
    finite("head bias", headBias);
    int known = 0;
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : lora.targets()) {
        String path = module.path(layer);
        LoraPair pair = lora.covers(layer) ? pairs.get(path) : null;
        if (pair != null) {
          known++;
          validate(path, pair, module.in(config), module.out(config));
        }
      }
    }
    if (known < pairs.size() || (known == 0 && !lora.targets().isEmpty())) {
      throw mismatch(
          "of its %d LoRA pairs, %d are at targets %s of layers %s"
              .formatted(
                  pairs.size(),
                  known,
                  lora.targets(),
                  lora.layers().isEmpty() ? "0 to " + (config.layers() - 1) : lora.layers()));
    }
    for (int layer : lora.layers()) {
      if (layer >= config.layers()) {
        throw mismatch(
            "LoRA covers layer %d, the base model has %d layers".formatted(layer, config.layers()));
      }
    }
  }

  private void validate(String path, LoraPair pair, int in, int out) {
    int rank = lora.rank(path);
    int a = rank * in;
    int b = out * rank;
    if (pair.a().length != a || pair.b().length != b) {
      throw mismatch(
          "LoRA pair %s has %d + %d values, rank %d on this base model needs %d + %d"
              .formatted(path, pair.a().length, pair.b().length, rank, a, b));
    }
    finite(path + " A", pair.a());
    finite(path + " B", pair.b());
    float[] magnitude = pair.magnitude();
    if (lora.useDora() != (magnitude != null) || (magnitude != null && magnitude.length != out)) {
      throw mismatch(
          "LoRA pair %s has %s, %s"
              .formatted(
                  path,
                  magnitude == null ? "no magnitudes" : magnitude.length + " magnitudes",
                  lora.useDora() ? "DoRA on this base model needs " + out : "DoRA is off"));
    }
    if (magnitude != null) {
      finite(path + " magnitude", magnitude);
    }
  }

  private void validateDense(ModelConfig config) {
    HeadKind head = config.head();
    if (head.hasDense() != (dense != null)) {
      throw mismatch(
          "the base model's head is %s, so there must be %s layer before the classifier, and there is %s"
              .formatted(
                  head.id(),
                  head.hasDense() ? "a dense" : "no dense",
                  dense == null ? "none" : "one"));
    }
    if (dense != null) {
      int hidden = config.hiddenSize();
      if (dense.weight().length != hidden * hidden || dense.bias().length != hidden) {
        throw mismatch(
            "the layer before the classifier has %d weights and %d biases, vectors of %d need %d and %d"
                .formatted(
                    dense.weight().length, dense.bias().length, hidden, hidden * hidden, hidden));
      }
      finite("dense weight", dense.weight());
      finite("dense bias", dense.bias());
    }
  }

  private static void finite(String name, float[] values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new ModelException(
            "adapter-not-finite",
            "Adapter refused: " + name + " holds " + value + "; train it again.");
      }
    }
  }

  private static ModelException mismatch(String what) {
    return new ModelException(
        "adapter-shape-mismatch",
        "Adapter does not fit the base model: "
            + what
            + "; load the base model that it was trained on, or train it again.");
  }

  private static ModelException invalid(String what) {
    return new ModelException("invalid-adapter", "An adapter " + what + ".");
  }
}
