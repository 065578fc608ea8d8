/** What a training learns from and is judged by: examples gathered from the log. */
@NullMarked
package dev.weir.trainer.data;

import org.jspecify.annotations.NullMarked;
