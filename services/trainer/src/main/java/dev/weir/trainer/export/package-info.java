/** Writing an adapter as an artifact that other programs can read. */
@NullMarked
package dev.weir.trainer.export;

import org.jspecify.annotations.NullMarked;
