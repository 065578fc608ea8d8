/** Base models: configuration, weights, tokenizer, ONNX graph and session. */
@NullMarked
package dev.weir.common.model;

import org.jspecify.annotations.NullMarked;
