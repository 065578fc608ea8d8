/** The meters of the trainer. */
@NullMarked
package dev.weir.trainer.meter;

import org.jspecify.annotations.NullMarked;
