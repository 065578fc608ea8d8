package dev.weir.trainer.fit;

import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.model.device.DeviceRequest;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.ModelException;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.trainer.torch.Arithmetic;
import dev.weir.trainer.torch.TrainingDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How an adapter is trained: the values of the settings {@code WEIR_TRAIN_…}, one accessor each.
 *
 * <p>Immutable. Everything but the seed is written into an adapter's lineage under the setting's
 * name.
 */
public final class TrainingOptions {

  /** Below this many examples a validation part would be too small to choose by. */
  public static final int MIN_FOR_VALIDATION = 200;

  private static final String AUTO = "auto";
  private static final String GPU = "cuda";

  private static final Setting<Integer> EPOCHS =
      Setting.integer("WEIR_TRAIN_EPOCHS", 3, 0, 1000, "passes over the training examples at most");
  private static final Setting<Integer> BATCH_SIZE =
      Setting.integer("WEIR_TRAIN_BATCH_SIZE", 32, 1, 4096, "examples per optimizer step");
  private static final Setting<Integer> MICRO_BATCH_TOKENS =
      Setting.integer(
          "WEIR_TRAIN_MICRO_BATCH_TOKENS",
          2048,
          64,
          1 << 20,
          "tokens that go through the model at once; memory grows with it");
  private static final Setting<Double> LEARNING_RATE =
      Setting.decimal("WEIR_TRAIN_LEARNING_RATE", 6e-4, 0, 100, "LoRA: peak learning rate");
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
              "cosine",
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
  private static final Setting<Integer> REPLAY =
      Setting.integer(
          "WEIR_TRAIN_REPLAY",
          10,
          0,
          1_000_000,
          "replayed examples per new one of a batch that LoRA learns from at most; heads learn from all");
  private static final Setting<Integer> PATIENCE =
      Setting.integer(
          "WEIR_TRAIN_PATIENCE",
          2,
          1,
          1000,
          "epochs in a row that bring nothing on the validation part, after which a training ends");
  private static final Setting<Integer> MAX_TOKENS =
      Setting.integer("WEIR_TRAIN_MAX_TOKENS", 256, 8, 512, "longest input; longer texts are cut");
  private static final Setting<Double> ANCHORING =
      Setting.decimal(
          "WEIR_TRAIN_ANCHORING",
          0,
          0,
          1000,
          "decoupled pull of all parameters back to where the training started: to the champion");
  private static final Setting<Double> AVERAGING =
      Setting.decimal(
          "WEIR_TRAIN_AVERAGING",
          0.999,
          0,
          0.99999,
          "share of the running average of the parameters that a step leaves at most; 0 ships the last step's");
  private static final Setting<Double> LABEL_SMOOTHING =
      Setting.decimal(
          "WEIR_TRAIN_LABEL_SMOOTHING",
          0,
          0,
          0.9,
          "share of a target's probability that is spread over all labels");
  private static final Setting<CrossEntropy.ClassWeights> CLASS_WEIGHTS =
      new Setting<>(
          "WEIR_TRAIN_CLASS_WEIGHTS",
          "none",
          CrossEntropy.ClassWeights.RANGE,
          "weight of each label's examples in LoRA's loss",
          false,
          CrossEntropy.ClassWeights::parse);
  private static final Setting<String> ARITHMETIC =
      Setting.oneOf(
          "WEIR_TRAIN_ARITHMETIC",
          AUTO,
          "numbers of the frozen linear layers in training; auto takes bf16 on a processor that has it",
          AUTO,
          "fp32",
          "bf16");
  private static final Setting<DeviceRequest> DEVICE =
      Setting.oneOf(
              "WEIR_TRAIN_DEVICE",
              "auto",
              "where to train: cuda needs a GPU and a build with the Maven profile cuda, auto takes"
                  + " the CPU where either is missing",
              "auto",
              "cpu",
              "cuda")
          .map(word -> DeviceRequest.valueOf(word.toUpperCase(Locale.ROOT)));
  private static final Setting<Truncation> TRUNCATION =
      Setting.oneOf(
              "WEIR_TRAIN_TRUNCATION",
              "head+tail",
              "what is read of longer texts: left and right name the side that is cut off",
              "left",
              "right",
              "head+tail")
          .map(Truncation::parse);
  private static final Setting<Long> SEED =
      new Setting<>(
          "WEIR_TRAIN_SEED", "1", "a whole number", "seed of all randomness", false, Long::valueOf);

  private final Settings settings;
  private final int longest;
  private final String device;

  private TrainingOptions(Settings settings, int longest, String device) {
    this.settings = settings;
    this.longest = longest;
    this.device = device;
  }

  /** The settings, in the order of the README's table. */
  public static List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>(LoraOptions.SETTINGS);
    settings.addAll(
        List.of(
            REPLAY,
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
            PATIENCE,
            MAX_TOKENS,
            ANCHORING,
            AVERAGING,
            LABEL_SMOOTHING,
            CLASS_WEIGHTS,
            ARITHMETIC,
            DEVICE,
            TRUNCATION,
            SEED));
    return List.copyOf(settings);
  }

  /** The options that settings ask for. */
  public static TrainingOptions from(Settings settings) {
    String asked = settings.get(DEVICE).name().toLowerCase(Locale.ROOT);
    return new TrainingOptions(settings, Integer.MAX_VALUE, asked);
  }

  /**
   * The options that some variables ask for, the others at their defaults: {@code
   * parse(Map.of("WEIR_TRAIN_RANK", "4"))}.
   *
   * @throws dev.weir.service.config.SettingsException naming every bad value
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
    return new TrainingOptions(settings, base.maxPositions(), device);
  }

  /** The same, with the device that was found for it: lineage names that one. */
  public TrainingOptions on(TrainingDevice found) {
    return new TrainingOptions(settings, longest, found.word());
  }

  /**
   * What LoRA changes of a base with so many layers.
   *
   * @throws ModelException {@code layer-not-in-base}, {@code invalid-lora-config} for a pattern
   *     that matches no adapted module
   */
  public LoraConfig lora(int baseLayers) {
    return LoraOptions.of(settings, baseLayers);
  }

  /** Every option but the seed by name, for an adapter's lineage. */
  public Map<String, String> written() {
    Map<String, String> effective = settings.effective();
    Map<String, String> written = new TreeMap<>();
    for (Setting<?> setting : settings()) {
      if (!setting.equals(SEED)) {
        written.put(setting.name(), effective.getOrDefault(setting.name(), ""));
      }
    }
    written.put(MAX_TOKENS.name(), Integer.toString(maxTokens()));
    written.put(ARITHMETIC.name(), arithmetic().id());
    written.put(DEVICE.name(), device);
    return written;
  }

  /** Replayed examples per new one of a batch that LoRA learns from at most. */
  public int replay() {
    return settings.get(REPLAY);
  }

  /** Passes over the training examples, at most: the best one is kept. */
  public int epochs() {
    return settings.get(EPOCHS);
  }

  /** Examples per optimizer step. */
  public int batchSize() {
    return settings.get(BATCH_SIZE);
  }

  /**
   * Tokens, padding included, that go through the model at once: the memory of a step grows with
   * it, its result does not depend on it but for rounding and dropout.
   */
  public int microBatchTokens() {
    return settings.get(MICRO_BATCH_TOKENS);
  }

  /** Peak learning rate of the LoRA matrices. */
  public double learningRate() {
    return settings.get(LEARNING_RATE);
  }

  /** Peak learning rate of the head, which starts from the linear probe. */
  public double headLearningRate() {
    return settings.get(HEAD_LEARNING_RATE);
  }

  /** Decoupled weight decay of matrices. */
  public double weightDecay() {
    return settings.get(WEIGHT_DECAY);
  }

  /** Share of the steps over which the learning rates rise. */
  public double warmup() {
    return settings.get(WARMUP);
  }

  /** How the learning rates fall after that. */
  public Schedule schedule() {
    return settings.get(SCHEDULE);
  }

  /** Largest global norm of the gradients; longer ones are scaled down; 0 for no limit. */
  public double clip() {
    return settings.get(CLIP);
  }

  /**
   * Share of the training examples by which the best epoch is chosen; 0 or fewer than {@link
   * #MIN_FOR_VALIDATION} examples: the last epoch is taken.
   */
  public double validationShare() {
    return settings.get(VALIDATION_SHARE);
  }

  /** Epochs in a row that bring nothing on the validation part, after which a training ends. */
  public int patience() {
    return settings.get(PATIENCE);
  }

  /** Decoupled pull of all parameters back to where the training started. */
  public double anchoring() {
    return settings.get(ANCHORING);
  }

  /** Share of the running average of the parameters that a step leaves; 0 for no average. */
  public double averaging() {
    return settings.get(AVERAGING);
  }

  /** Share of a target's probability that is spread over all labels. */
  public double labelSmoothing() {
    return settings.get(LABEL_SMOOTHING);
  }

  CrossEntropy.ClassWeights classWeights() {
    return settings.get(CLASS_WEIGHTS);
  }

  /** What the frozen linear layers are computed in. */
  public Arithmetic arithmetic() {
    String word = settings.get(ARITHMETIC);
    if (!word.equals(AUTO)) {
      return Arithmetic.valueOf(word.toUpperCase(Locale.ROOT));
    }
    return device.equals(GPU) ? Arithmetic.FP32 : Arithmetic.fastest();
  }

  /** Where to train. */
  public DeviceRequest device() {
    return settings.get(DEVICE);
  }

  /** The seed of all randomness. */
  public long seed() {
    return settings.get(SEED);
  }

  /** Longest input, special tokens included; see {@link #truncation} for longer texts. */
  public int maxTokens() {
    return Math.min(settings.get(MAX_TOKENS), longest);
  }

  /** What is cut off longer texts. */
  public Truncation truncation() {
    return settings.get(TRUNCATION);
  }

  /** {@link #maxTokens} and {@link #truncation}: how texts are cut, in training and in serving. */
  public TokenLimit limit() {
    return new TokenLimit(maxTokens(), truncation());
  }
}
