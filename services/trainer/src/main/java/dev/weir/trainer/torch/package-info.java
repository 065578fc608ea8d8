/** libtorch: its runtime, scripted operators and devices. */
@NullMarked
package dev.weir.trainer.torch;

import org.jspecify.annotations.NullMarked;
