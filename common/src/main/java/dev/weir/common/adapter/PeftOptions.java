package dev.weir.common.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.common.model.ModelException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Which settings of an {@code adapter_config.json} are plain LoRA with a head that some base has.
 *
 * <p>PEFT adds options with every release, all off by default. One that is off is accepted without
 * being known; one that is on would change the arithmetic, so it is refused by name.
 */
final class PeftOptions {
  /** Values that are used or only informative: any is accepted here. */
  private static final Set<String> FREE =
      Set.of(
          "auto_mapping",
          "base_model_name_or_path",
          "inference_mode",
          "init_lora_weights",
          "lora_alpha",
          "lora_dropout",
          "peft_version",
          "r",
          "revision",
          "target_modules",
          "exclude_modules",
          "task_type");

  /** Defaults that are not null, false, 0 or empty. */
  private static final Map<String, Set<String>> DEFAULTS =
      Map.of(
          "peft_type", Set.of("LORA"),
          "bias", Set.of("none"),
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
        "%s sets %s to %s; only plain LoRA with the base's own classifier is supported, so train without it."
            .formatted(file, name, value.isMissingNode() ? "nothing" : value));
  }
}
