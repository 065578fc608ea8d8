package dev.weir.model.peft;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.model.spec.ModelException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Which settings of an {@code adapter_config.json} are LoRA on the base as it is, with a head that
 * some base has: ranks and alphas by pattern, chosen layers, rsLoRA and DoRA included.
 *
 * <p>PEFT adds options with every release, all off by default. One that is off is accepted without
 * being known; one that is on would change the arithmetic, so it is refused by name.
 */
final class PeftOptions {
  /** Values that are used or only informative: any is accepted here. */
  private static final Set<String> FREE =
      Set.of(
          "alpha_pattern",
          "auto_mapping",
          "base_model_name_or_path",
          "eva_config", // how A was initialised
          "exclude_modules",
          "inference_mode",
          "layers_pattern",
          "layers_to_transform",
          "lora_alpha",
          "lora_dropout",
          "peft_version",
          "r",
          "rank_pattern",
          "revision",
          "target_modules",
          "use_dora",
          "use_rslora");

  /**
   * Defaults that are not null, false, 0 or empty, and other values that leave the arithmetic
   * alone. Initialisations that are not here change the base's own weights (PiSSA, OLoRA, CorDA,
   * LoftQ, LoRA-GA) or are not known to leave them alone.
   */
  private static final Map<String, Set<String>> DEFAULTS =
      Map.of(
          "peft_type", Set.of("LORA"),
          "bias", Set.of("none"),
          "init_lora_weights", Set.of("true", "gaussian", "orthogonal", "eva"),
          "task_type", Set.of("SEQ_CLS", "FEATURE_EXTRACTION"),
          "megatron_core", Set.of("megatron.core"),
          "qalora_group_size", Set.of("16"),
          "runtime_config", Set.of("{\"ephemeral_gpu_offload\":false}"));

  /** What PEFT matches heads by; it adds "score", which no supported base has, by itself. */
  private static final Set<String> HEADS = Set.of("classifier", "pre_classifier", "score");

  private PeftOptions() {}

  static void requireSupported(Path file, JsonNode config) {
    if (!config.path("peft_type").asText().equals("LORA")) {
      throw unsupported(file, "peft_type", config.path("peft_type"));
    }
    config
        .properties()
        .forEach(
            option -> {
              if (!isSupported(option.getKey(), option.getValue())) {
                throw unsupported(file, option.getKey(), option.getValue());
              }
            });
  }

  private static boolean isSupported(String name, JsonNode value) {
    if (FREE.contains(name) || isOff(value)) {
      return true;
    }
    if (name.equals("modules_to_save")) {
      return isHead(value);
    }
    String text = value.isValueNode() ? value.asText() : value.toString();
    return DEFAULTS.getOrDefault(name, Set.of()).contains(text);
  }

  private static boolean isHead(JsonNode modules) {
    boolean classifier = false;
    for (JsonNode module : modules) {
      if (!HEADS.contains(module.asText())) {
        return false;
      }
      classifier |= module.asText().equals("classifier");
    }
    return classifier;
  }

  private static boolean isOff(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isNumber() && value.doubleValue() == 0)
        || (value.isTextual() && value.textValue().isEmpty())
        || (value.isContainerNode() && value.isEmpty());
  }

  private static ModelException unsupported(Path file, String name, JsonNode value) {
    return new ModelException(
        "unsupported-peft-option",
        "%s sets %s to %s; only LoRA, rsLoRA and DoRA of the encoder's linear layers with the base's own classifier are supported, so train without it."
            .formatted(file, name, value.isMissingNode() ? "nothing" : value));
  }
}
