/** The base model's forward pass on libtorch, and the rules of libtorch's memory. */
@NullMarked
package dev.weir.trainer.encoder;

import org.jspecify.annotations.NullMarked;
