package dev.weir.trainer.fit;

import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What LoRA changes of a base, and how strongly: the settings, and the config they make. */
final class LoraOptions {

  private static final Setting<Integer> RANK =
      Setting.integer("WEIR_TRAIN_RANK", 16, 1, 256, "LoRA: inner dimension");
  private static final Setting<Double> ALPHA =
      Setting.decimal("WEIR_TRAIN_ALPHA", 32, 0, 4096, "LoRA: strength; scaling is alpha / rank");
  private static final Setting<Boolean> RSLORA =
      Setting.flag("WEIR_TRAIN_RSLORA", false, "LoRA: scaling is alpha / sqrt(rank) (rsLoRA)");
  private static final Setting<Boolean> DORA =
      Setting.flag("WEIR_TRAIN_DORA", false, "LoRA: magnitudes are trained apart (DoRA)");
  private static final Setting<Map<String, Integer>> RANK_PATTERN =
      Setting.text(
              "WEIR_TRAIN_RANK_PATTERN",
              "",
              "LoRA: ranks of some modules, such as query=4,layer\\.11\\..*=16; the keys are regular expressions as in PEFT, the first that matches holds")
          .map(value -> ModulePatterns.parse(value, 1, 256, Integer::valueOf));
  private static final Setting<Map<String, Double>> ALPHA_PATTERN =
      Setting.text(
              "WEIR_TRAIN_ALPHA_PATTERN",
              "",
              "LoRA: alphas of some modules, written as the ranks are")
          .map(value -> ModulePatterns.parse(value, 0, 4096, Double::valueOf));
  private static final Setting<Double> DROPOUT =
      Setting.decimal("WEIR_TRAIN_DROPOUT", 0.1, 0, 0.9, "LoRA: dropout on its inputs in training");
  private static final Setting<Set<LinearModule>> TARGETS =
      Setting.text(
              "WEIR_TRAIN_TARGETS",
              "all-linear",
              "LoRA: adapted linear layers: all-linear, attention, or names separated by commas, also the base's own such as q_lin")
          .map(LoraOptions::targets);
  private static final Setting<LayerChoice> LAYERS =
      new Setting<>(
          "WEIR_TRAIN_LAYERS",
          "0",
          "0 … 1000, or indices",
          "LoRA: how many of the uppermost transformer layers are adapted, 0 for all; with a dash or comma, which ones, counted from 0, such as 6-11 or 0,3,9-11",
          false,
          LayerChoice::parse);

  /** In the order of the README's table. */
  static final List<Setting<?>> SETTINGS =
      List.of(RANK, ALPHA, RSLORA, DORA, RANK_PATTERN, ALPHA_PATTERN, DROPOUT, TARGETS, LAYERS);

  private LoraOptions() {}

  /**
   * What they make of a base with so many layers.
   *
   * @throws ModelException {@code layer-not-in-base}, {@code invalid-lora-config}
   */
  static LoraConfig of(Settings settings, int baseLayers) {
    LoraConfig lora =
        new LoraConfig(
            settings.get(RANK),
            settings.get(ALPHA),
            settings.get(DROPOUT),
            settings.get(TARGETS),
            settings.get(RSLORA),
            settings.get(DORA),
            settings.get(RANK_PATTERN),
            settings.get(ALPHA_PATTERN),
            settings.get(LAYERS).of(baseLayers));
    lora.requirePatternsMatch(baseLayers);
    return lora;
  }

  private static Set<LinearModule> targets(String spec) {
    try {
      return LinearModule.parse(spec);
    } catch (ModelException e) {
      throw new IllegalArgumentException("is '" + spec + "': " + e.getMessage(), e);
    }
  }
}
