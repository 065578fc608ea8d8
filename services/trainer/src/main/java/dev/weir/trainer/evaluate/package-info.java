/** Judging a challenger: scores on the holdout, and the promotion gate. */
@NullMarked
package dev.weir.trainer.evaluate;

import org.jspecify.annotations.NullMarked;
