/** Curation: feedback becomes labeled examples in training batches. */
@NullMarked
package dev.weir.curation;

import org.jspecify.annotations.NullMarked;
