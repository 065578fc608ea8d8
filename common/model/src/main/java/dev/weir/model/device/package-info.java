/** Where a model runs: ONNX Runtime, its execution providers and the NVIDIA driver. */
@NullMarked
package dev.weir.model.device;

import org.jspecify.annotations.NullMarked;
