/** Fitting: the linear probe, and the fine-tuning of LoRA and head. */
@NullMarked
package dev.weir.trainer.fit;

import org.jspecify.annotations.NullMarked;
