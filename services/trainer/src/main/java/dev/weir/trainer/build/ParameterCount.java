package dev.weir.trainer.build;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.weights.LoraConfig;
import dev.weir.trainer.fit.TrainingOptions;
import java.util.Locale;

/**
 * How many numbers a training changes, counted as PEFT does: the head is a saved module, so that
 * its original counts among all parameters, too.
 *
 * @param trainable LoRA's matrices, DoRA's magnitudes, and head
 * @param total base, original head, and trainable ones
 */
public record ParameterCount(long trainable, long total) {

  /** The count for a base, options, and a number of labels. */
  public static ParameterCount of(BaseModel base, TrainingOptions options, int labels) {
    ModelConfig config = base.config();
    long frozen = base.parameters();
    long row = config.hiddenSize() + 1L;
    long head = labels * row + (config.head().hasDense() ? config.hiddenSize() * row : 0);
    long lora = 0;
    LoraConfig settings = options.lora(config.layers());
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LinearModule module : settings.targets()) {
        if (settings.covers(layer)) {
          long rank = settings.rank(module.path(layer));
          lora += rank * (module.in(config) + module.out(config));
          lora += settings.useDora() ? module.out(config) : 0;
        }
      }
    }
    return new ParameterCount(lora + head, frozen + head + lora + head);
  }

  /** PEFT's line. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "trainable params: %,d || all params: %,d || trainable%%: %.4f",
        trainable,
        total,
        100.0 * trainable / total);
  }
}
