/** The encoder and the arithmetic that serve, for those who judge. */
@NullMarked
package dev.weir.trainer.serving;

import org.jspecify.annotations.NullMarked;
