package dev.weir.model.spec;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The linear layers of one transformer layer, each a possible target of LoRA. */
public enum LinearModule {
  QUERY("attention.self.query"),
  KEY("attention.self.key"),
  VALUE("attention.self.value"),
  ATTENTION_OUTPUT("attention.output.dense"),
  INTERMEDIATE("intermediate.dense"),
  OUTPUT("output.dense");

  private final String path;

  LinearModule(String path) {
    this.path = path;
  }

  /** The path inside a layer, e.g. {@code attention.self.query}. */
  public String path() {
    return path;
  }

  /** The path inside the model, e.g. {@code encoder.layer.3.attention.self.query}. */
  public String path(int layer) {
    return "encoder.layer." + layer + "." + path;
  }

  /** Number of input features. */
  public int in(ModelConfig config) {
    return this == OUTPUT ? config.intermediateSize() : config.hiddenSize();
  }

  /** Number of output features. */
  public int out(ModelConfig config) {
    return this == INTERMEDIATE ? config.intermediateSize() : config.hiddenSize();
  }

  /** The name in a list of targets, e.g. {@code attention-output}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Parses a comma-separated list of {@link #id() ids}, or {@code all-linear}, or {@code attention}
   * (the four linear layers of attention), or of the names that PEFT's {@code target_modules} have:
   * {@code q_lin}, {@code attention.self.query}. Of those, as in PEFT, a name stands for every
   * module whose Hugging Face path ends with it: {@code output.dense} for both layers of that name.
   * Order and case do not matter.
   *
   * @throws ModelException {@code unknown-module}, naming the choices
   */
  public static Set<LinearModule> parse(String spec) {
    Set<LinearModule> modules = EnumSet.noneOf(LinearModule.class);
    for (String part : spec.split(",", -1)) {
      String name = part.strip().toLowerCase(Locale.ROOT).replace('_', '-');
      switch (name) {
        case "all-linear" -> Collections.addAll(modules, values());
        case "attention" -> Collections.addAll(modules, QUERY, KEY, VALUE, ATTENTION_OUTPUT);
        default -> modules.addAll(named(part.strip(), name, spec));
      }
    }
    return Collections.unmodifiableSet(modules);
  }

  private static Set<LinearModule> named(String name, String id, String spec) {
    Set<LinearModule> found = EnumSet.noneOf(LinearModule.class);
    for (LinearModule module : values()) {
      if (module.id().equals(id)) {
        return EnumSet.of(module);
      }
      for (Architecture architecture : Architecture.values()) {
        String path = "." + architecture.path(module);
        if (!name.isEmpty() && path.endsWith("." + name.toLowerCase(Locale.ROOT))) {
          found.add(module);
        }
      }
    }
    if (!found.isEmpty()) {
      return found;
    }
    throw new ModelException(
        "unknown-module",
        "Module \"%s\" in \"%s\" is unknown; use all-linear, attention, a base model's own names such as q_lin, or a comma-separated list of: %s."
            .formatted(
                name,
                spec,
                Arrays.stream(values()).map(LinearModule::id).collect(Collectors.joining(", "))));
  }
}
