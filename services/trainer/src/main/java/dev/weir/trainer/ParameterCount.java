package dev.weir.trainer;

import dev.weir.common.model.BaseModel;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.ModelConfig;
import dev.weir.trainer.fit.TrainingOptions;
import java.util.Locale;

/**
 * How many numbers a training changes, counted as PEFT does: the head is a saved module, so that
 * its original counts among all parameters, too.
 *
 * @param trainable LoRA matrices and head
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
    int layers = config.layers() - options.firstLayer(config.layers());
    for (LinearModule module : options.targets()) {
      lora += (long) layers * options.rank() * (module.in(config) + module.out(config));
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
