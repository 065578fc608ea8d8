/** Copies of texts that came over HTTP, for versions that answer nobody. */
@NullMarked
package dev.weir.inference.shadow;

import org.jspecify.annotations.NullMarked;
