/** The trainable numbers of an adapter and their place in the forward pass. */
@NullMarked
package dev.weir.trainer.lora;

import org.jspecify.annotations.NullMarked;
