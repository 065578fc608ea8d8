/** The ONNX graphs of a base model: for adapters in slots, and with one adapter merged in. */
@NullMarked
package dev.weir.model.graph;

import org.jspecify.annotations.NullMarked;
