/** A base model in memory: its directory, weights, tokenizer and quantised weights. */
@NullMarked
package dev.weir.model.base;

import org.jspecify.annotations.NullMarked;
