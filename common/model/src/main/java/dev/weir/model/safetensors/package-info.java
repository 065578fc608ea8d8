/** The safetensors file format, read and written. */
@NullMarked
package dev.weir.model.safetensors;

import org.jspecify.annotations.NullMarked;
