package dev.weir.model.weights;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What a low-rank adapter changes, and how strongly (Hu et al., "LoRA", ICLR 2022), with the
 * options of Hugging Face PEFT.
 *
 * <p>A pattern's key is a regular expression that matches a module's path from some dot on to its
 * end, such as {@code query} or {@code layer\.11\..*}; of several that match, the first one holds.
 *
 * @param rank inner dimension r where no pattern says otherwise; 0 exactly when there are no
 *     targets
 * @param alpha numerator of {@link #scaling} where no pattern says otherwise
 * @param dropout probability of dropping an input feature while training, in [0, 1)
 * @param targets the adapted linear layers, the same in every covered transformer layer
 * @param useRslora whether the scaling is alpha / √rank (Kalajdzievski, "rsLoRA", 2023)
 * @param useDora whether each row's magnitude is trained apart from its direction (Liu et al.,
 *     "DoRA", ICML 2024)
 * @param rankPattern ranks of some modules, at least 1, in order
 * @param alphaPattern alphas of some modules, in order
 * @param layers indices of the covered transformer layers; empty for all
 */
public record LoraConfig(
    int rank,
    double alpha,
    double dropout,
    Set<LinearModule> targets,
    boolean useRslora,
    boolean useDora,
    Map<String, Integer> rankPattern,
    Map<String, Double> alphaPattern,
    Set<Integer> layers) {
  /** No LoRA: the adapter is a head on the frozen base. */
  public static final LoraConfig NONE = new LoraConfig(0, 0, 0, Set.of());

  /**
   * Copies what it is given.
   *
   * @throws ModelException {@code invalid-lora-config}
   */
  public LoraConfig {
    targets = targets.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(targets));
    rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
    layers = Collections.unmodifiableSet(new TreeSet<>(layers));
    if (targets.isEmpty() != (rank == 0) || rank < 0) {
      throw new ModelException(
          "invalid-lora-config",
          "LoRA rank is 0 exactly when there are no targets; got rank %d and targets %s."
              .formatted(rank, targets));
    }
    requireAlpha("LoRA alpha", alpha);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new ModelException(
          "invalid-lora-config", "LoRA dropout must be in [0, 1), is " + dropout + ".");
    }
    rankPattern.forEach(
        (key, value) -> {
          NamePatterns.compile(key);
          if (value < 1) {
            throw new ModelException(
                "invalid-lora-config",
                "LoRA rank of %s must be at least 1, is %d.".formatted(key, value));
          }
        });
    alphaPattern.forEach(
        (key, value) -> {
          NamePatterns.compile(key);
          requireAlpha("LoRA alpha of " + key, value);
        });
    if (layers.stream().anyMatch(layer -> layer < 0)) {
      throw new ModelException(
          "invalid-lora-config", "LoRA layers must be at least 0, are " + layers + ".");
    }
  }

  /** Plain LoRA: one rank and alpha for every target of every layer. */
  public LoraConfig(int rank, double alpha, double dropout, Set<LinearModule> targets) {
    this(rank, alpha, dropout, targets, false, false, Map.of(), Map.of(), Set.of());
  }

  /** The rank of a module, by {@link LinearModule#path(int)}. */
  public int rank(String path) {
    return NamePatterns.first(rankPattern, path).orElse(rank);
  }

  /** The alpha of a module, by {@link LinearModule#path(int)}. */
  public double alpha(String path) {
    return NamePatterns.first(alphaPattern, path).orElse(alpha);
  }

  /** The factor on a module's B·A: alpha / rank, or alpha / √rank; 0 without LoRA. */
  public double scaling(String path) {
    int r = rank(path);
    if (r == 0) {
      return 0;
    }
    return alpha(path) / (useRslora ? Math.sqrt(r) : r);
  }

  /** Whether a transformer layer may have LoRA at all. */
  public boolean covers(int layer) {
    return !targets.isEmpty() && (layers.isEmpty() || layers.contains(layer));
  }

  /**
   * Checks that each pattern means some module of a base with so many layers: one that means none
   * is most likely a name that another architecture has.
   *
   * @throws ModelException {@code invalid-lora-config}
   */
  public void requirePatternsMatch(int baseLayers) {
    Set<String> keys = new TreeSet<>(rankPattern.keySet());
    keys.addAll(alphaPattern.keySet());
    for (String key : keys) {
      Pattern pattern = NamePatterns.compile(key);
      boolean matches =
          IntStream.range(0, baseLayers)
              .filter(this::covers)
              .boxed()
              .flatMap(layer -> targets.stream().map(target -> target.path(layer)))
              .anyMatch(path -> pattern.matcher(path).lookingAt());
      if (!matches) {
        throw new ModelException(
            "invalid-lora-config",
            "LoRA pattern '%s' matches no adapted module; on every base they are named as encoder.layer.0.attention.self.query is, and the adapted ones are %s."
                .formatted(key, targets));
      }
    }
  }

  /** No module's rank is above this one; 0 without LoRA. */
  public int maxRank() {
    int max = rank;
    if (!targets.isEmpty()) {
      for (int value : rankPattern.values()) {
        max = Math.max(max, value);
      }
    }
    return max;
  }

  private static void requireAlpha(String what, double alpha) {
    if (!Double.isFinite(alpha) || alpha < 0) {
      throw new ModelException(
          "invalid-lora-config", what + " must be finite and at least 0, is " + alpha + ".");
    }
  }
}
