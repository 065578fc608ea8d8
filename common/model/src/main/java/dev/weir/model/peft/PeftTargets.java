package dev.weir.model.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.spec.Architecture;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Which modules an {@code adapter_config.json} adapts, told as PEFT tells it ({@code
 * peft.tuners.tuners_utils.check_target_module_exists}).
 */
final class PeftTargets {
  private static final Pattern FIRST_INDEX = Pattern.compile(".*?\\.[^.]*\\.(\\d+)\\.");

  private PeftTargets() {}

  /**
   * Whether a module of that name is to have LoRA tensors.
   *
   * @throws ModelException {@code invalid-lora-config} for an expression that is none
   */
  static boolean promises(JsonNode config, String name) {
    JsonNode excluded = config.path("exclude_modules");
    boolean out = excluded.isTextual() ? matches(excluded.asText(), name) : ends(excluded, name);
    if (out) {
      return false;
    }
    JsonNode targets = config.path("target_modules");
    if (targets.isTextual()) {
      return targets.asText().equalsIgnoreCase("all-linear") || matches(targets.asText(), name);
    }
    return ends(targets, name) && inLayers(config, name);
  }

  /** Writes {@code target_modules} and {@code layers_to_transform} for an adapter's pairs. */
  static void write(ObjectNode json, AdapterWeights weights, ModelConfig config) {
    LoraConfig lora = weights.lora();
    Architecture architecture = config.architecture();
    Set<String> all = new TreeSet<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : lora.targets()) {
        if (lora.covers(layer)) {
          all.add(module.path(layer));
        }
      }
    }
    json.putNull("layers_to_transform");
    json.putNull("layers_pattern");
    if (!all.equals(weights.pairs().keySet())) {
      String paths =
          weights.pairs().keySet().stream()
              .map(path -> quoted(architecture.inFiles(path)))
              .collect(Collectors.joining("|"));
      json.put("target_modules", "(.*\\.)?(" + paths + ")");
    } else if (lora.targets().contains(LinearModule.OUTPUT)
        && !lora.targets().contains(LinearModule.ATTENTION_OUTPUT)
        && architecture
            .path(LinearModule.ATTENTION_OUTPUT)
            .endsWith("." + architecture.path(LinearModule.OUTPUT))) {
      // PEFT matches list entries by suffix, and BERT's output.dense is also the end of
      // attention.output.dense: when just the former is meant, only an expression says so. Beside
      // one, PEFT takes no layers_to_transform.
      String layers =
          lora.layers().isEmpty()
              ? "\\d+"
              : lora.layers().stream()
                  .map(String::valueOf)
                  .collect(Collectors.joining("|", "(", ")"));
      String paths =
          lora.targets().stream()
              .map(module -> quoted(architecture.path(module)))
              .collect(Collectors.joining("|"));
      json.put(
          "target_modules", ".*" + quoted(architecture.layers()) + layers + "\\.(" + paths + ")");
    } else {
      ArrayNode list = json.putArray("target_modules");
      lora.targets().forEach(module -> list.add(architecture.target(module)));
      if (!lora.layers().isEmpty()) {
        ArrayNode layers = json.putArray("layers_to_transform");
        lora.layers().forEach(layers::add);
      }
    }
  }

  private static boolean inLayers(JsonNode config, String name) {
    JsonNode layers = config.path("layers_to_transform");
    List<Integer> wanted = new ArrayList<>();
    if (layers.isNumber()) {
      wanted.add(layers.asInt());
    }
    layers.forEach(layer -> wanted.add(layer.asInt()));
    if (wanted.isEmpty()) {
      return true;
    }
    JsonNode given = config.path("layers_pattern");
    List<Pattern> patterns = new ArrayList<>();
    if (given.isTextual() && !given.asText().isEmpty()) {
      patterns.add(indexAfter(given.asText()));
    }
    given.forEach(pattern -> patterns.add(indexAfter(pattern.asText())));
    if (patterns.isEmpty()) {
      patterns.add(FIRST_INDEX);
    }
    for (Pattern pattern : patterns) {
      Matcher matcher = pattern.matcher(name);
      if (matcher.lookingAt()) {
        return wanted.contains(Integer.valueOf(matcher.group(matcher.groupCount())));
      }
    }
    return false;
  }

  private static Pattern indexAfter(String pattern) {
    return compile("(?:^|.*?\\.)" + pattern + "\\.(\\d+)\\.");
  }

  private static boolean ends(JsonNode list, String name) {
    for (JsonNode entry : list) {
      if (name.equals(entry.asText()) || name.endsWith("." + entry.asText())) {
        return true;
      }
    }
    return false;
  }

  private static boolean matches(String expression, String name) {
    return compile(expression).matcher(name).matches();
  }

  private static Pattern compile(String expression) {
    try {
      return Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw new ModelException(
          "invalid-lora-config",
          "Module pattern '%s' is no regular expression: %s; correct it."
              .formatted(expression, e.getDescription()),
          e);
    }
  }

  private static String quoted(String path) {
    return path.replace(".", "\\.");
  }
}
