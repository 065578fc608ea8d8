package dev.weir.trainer.fit;

import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.config.Setting;
import dev.weir.common.config.Settings;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.ModelConfig;
import dev.weir.common.model.ModelException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * How an adapter is trained. Each component is a setting {@code WEIR_TRAIN_…} of the same name.
 *
 * @param rank LoRA's inner dimension
 * @param alpha LoRA's strength; the scaling is alpha / rank
 * @param dropout on the inputs of LoRA while training
 * @param targets the adapted linear layers
 * @param layers how many of the uppermost transformer layers are adapted; 0 for all
 * @param epochs passes over the training examples, at most: the best one is kept
 * @param batchSize examples per optimizer step
 * @param microBatchTokens tokens, padding included, that go through the model at once: the memory
 *     of a step grows with it, its result does not depend on it but for rounding and dropout
 * @param learningRate peak learning rate of the LoRA matrices
 * @param headLearningRate peak learning rate of the head, which starts from the linear probe
 * @param weightDecay decoupled weight decay of matrices
 * @param warmup share of the steps over which the learning rates rise
 * @param schedule how they fall after that
 * @param clip largest global norm of the gradients; longer ones are scaled down; 0 for no limit
 * @param validationShare share of the training examples by which the best epoch is chosen; 0 or
 *     fewer than {@link #MIN_FOR_VALIDATION} examples: the last epoch is taken
 * @param maxTokens longest input, special tokens included; of longer texts the head and the tail
 * @param seed of all randomness
 */
public record TrainingOptions(
    int rank,
    double alpha,
    double dropout,
    Set<LinearModule> targets,
    int layers,
    int epochs,
    int batchSize,
    int microBatchTokens,
    double learningRate,
    double headLearningRate,
    double weightDecay,
    double warmup,
    Schedule schedule,
    double clip,
    double validationShare,
    int maxTokens,
    long seed) {

  /** Below this many examples a validation part would be too small to choose by. */
  public static final int MIN_FOR_VALIDATION = 60;

  private static final Setting<Integer> RANK =
      Setting.integer("WEIR_TRAIN_RANK", 8, 1, 256, "LoRA: inner dimension");
  private static final Setting<Double> ALPHA =
      Setting.decimal("WEIR_TRAIN_ALPHA", 16, 0, 4096, "LoRA: strength; scaling is alpha / rank");
  private static final Setting<Double> DROPOUT =
      Setting.decimal("WEIR_TRAIN_DROPOUT", 0.1, 0, 0.9, "LoRA: dropout on its inputs in training");
  private static final Setting<Set<LinearModule>> TARGETS =
      Setting.text(
              "WEIR_TRAIN_TARGETS",
              "query,value",
              "LoRA: adapted linear layers: all-linear, attention, or names separated by commas")
          .map(TrainingOptions::targets);
  private static final Setting<Integer> LAYERS =
      Setting.integer(
          "WEIR_TRAIN_LAYERS",
          6,
          0,
          1000,
          "LoRA: how many of the uppermost transformer layers are adapted; 0 for all");
  private static final Setting<Integer> EPOCHS =
      Setting.integer("WEIR_TRAIN_EPOCHS", 3, 0, 1000, "passes over the training examples at most");
  private static final Setting<Integer> BATCH_SIZE =
      Setting.integer("WEIR_TRAIN_BATCH_SIZE", 16, 1, 4096, "examples per optimizer step");
  private static final Setting<Integer> MICRO_BATCH_TOKENS =
      Setting.integer(
          "WEIR_TRAIN_MICRO_BATCH_TOKENS",
          4096,
          64,
          1 << 20,
          "tokens that go through the model at once; memory grows with it");
  private static final Setting<Double> LEARNING_RATE =
      Setting.decimal("WEIR_TRAIN_LEARNING_RATE", 5e-4, 0, 100, "LoRA: peak learning rate");
  private static final Setting<Double> HEAD_LEARNING_RATE =
      Setting.decimal("WEIR_TRAIN_HEAD_LEARNING_RATE", 2e-4, 0, 100, "head: peak learning rate");
  private static final Setting<Double> WEIGHT_DECAY =
      Setting.decimal("WEIR_TRAIN_WEIGHT_DECAY", 0.01, 0, 1, "decoupled weight decay of matrices");
  private static final Setting<Double> WARMUP =
      Setting.decimal(
          "WEIR_TRAIN_WARMUP", 0.06, 0, 1, "share of the steps over which learning rates rise");
  private static final Setting<Schedule> SCHEDULE =
      Setting.oneOf(
              "WEIR_TRAIN_SCHEDULE",
              "linear",
              "how learning rates fall after the warm-up",
              "linear",
              "cosine")
          .map(word -> Schedule.valueOf(word.toUpperCase(Locale.ROOT)));
  private static final Setting<Double> CLIP =
      Setting.decimal(
          "WEIR_TRAIN_CLIP", 1, 0, 1e6, "largest global norm of the gradients; 0 for no limit");
  private static final Setting<Double> VALIDATION_SHARE =
      Setting.decimal(
          "WEIR_TRAIN_VALIDATION_SHARE",
          0.15,
          0,
          0.5,
          "share of the training examples by which the best epoch is chosen");
  private static final Setting<Integer> MAX_TOKENS =
      Setting.integer("WEIR_TRAIN_MAX_TOKENS", 256, 8, 512, "longest input; longer texts are cut");
  private static final Setting<Long> SEED =
      new Setting<>(
          "WEIR_TRAIN_SEED", "1", "a whole number", "seed of all randomness", false, Long::valueOf);

  /** The settings, in the order of the README's table. */
  public static List<Setting<?>> settings() {
    return List.of(
        RANK,
        ALPHA,
        DROPOUT,
        TARGETS,
        LAYERS,
        EPOCHS,
        BATCH_SIZE,
        MICRO_BATCH_TOKENS,
        LEARNING_RATE,
        HEAD_LEARNING_RATE,
        WEIGHT_DECAY,
        WARMUP,
        SCHEDULE,
        CLIP,
        VALIDATION_SHARE,
        MAX_TOKENS,
        SEED);
  }

  /** The options that settings ask for. */
  public static TrainingOptions from(Settings settings) {
    return new TrainingOptions(
        settings.get(RANK),
        settings.get(ALPHA),
        settings.get(DROPOUT),
        settings.get(TARGETS),
        settings.get(LAYERS),
        settings.get(EPOCHS),
        settings.get(BATCH_SIZE),
        settings.get(MICRO_BATCH_TOKENS),
        settings.get(LEARNING_RATE),
        settings.get(HEAD_LEARNING_RATE),
        settings.get(WEIGHT_DECAY),
        settings.get(WARMUP),
        settings.get(SCHEDULE),
        settings.get(CLIP),
        settings.get(VALIDATION_SHARE),
        settings.get(MAX_TOKENS),
        settings.get(SEED));
  }

  /**
   * The options that some variables ask for, the others at their defaults: {@code
   * parse(Map.of("WEIR_TRAIN_RANK", "4"))}.
   *
   * @throws dev.weir.common.config.SettingsException naming every bad value
   */
  public static TrainingOptions parse(Map<String, String> variables) {
    return from(Settings.read(settings(), variables));
  }

  /** The defaults. */
  public static TrainingOptions defaults() {
    return parse(Map.of());
  }

  /** The same, with inputs no longer than a base can read. */
  public TrainingOptions within(ModelConfig base) {
    return new TrainingOptions(
        rank,
        alpha,
        dropout,
        targets,
        layers,
        epochs,
        batchSize,
        microBatchTokens,
        learningRate,
        headLearningRate,
        weightDecay,
        warmup,
        schedule,
        clip,
        validationShare,
        Math.min(maxTokens, base.maxPositions()),
        seed);
  }

  /** What LoRA changes. */
  public LoraConfig lora() {
    return new LoraConfig(rank, alpha, dropout, targets);
  }

  /** The lowest adapted layer of a base with so many layers. */
  public int firstLayer(int baseLayers) {
    return layers == 0 ? 0 : Math.max(0, baseLayers - layers);
  }

  /** Every option by name, for an adapter's lineage. */
  public Map<String, String> written() {
    Map<String, String> written = new TreeMap<>();
    written.put("rank", Integer.toString(rank));
    written.put("alpha", Double.toString(alpha));
    written.put("dropout", Double.toString(dropout));
    written.put("targets", String.join(",", targets.stream().map(LinearModule::id).toList()));
    written.put("layers", Integer.toString(layers));
    written.put("epochs", Integer.toString(epochs));
    written.put("batchSize", Integer.toString(batchSize));
    written.put("microBatchTokens", Integer.toString(microBatchTokens));
    written.put("learningRate", Double.toString(learningRate));
    written.put("headLearningRate", Double.toString(headLearningRate));
    written.put("weightDecay", Double.toString(weightDecay));
    written.put("warmup", Double.toString(warmup));
    written.put("schedule", schedule.id());
    written.put("clip", Double.toString(clip));
    written.put("validationShare", Double.toString(validationShare));
    written.put("maxTokens", Integer.toString(maxTokens));
    return written;
  }

  private static Set<LinearModule> targets(String spec) {
    try {
      return LinearModule.parse(spec);
    } catch (ModelException e) {
      throw new IllegalArgumentException("is '" + spec + "': " + e.getMessage(), e);
    }
  }
}
