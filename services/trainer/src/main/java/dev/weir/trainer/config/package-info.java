/** The settings of the trainer. */
@NullMarked
package dev.weir.trainer.config;

import org.jspecify.annotations.NullMarked;
