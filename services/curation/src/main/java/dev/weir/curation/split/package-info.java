/** Train or holdout. */
@NullMarked
package dev.weir.curation.split;

import org.jspecify.annotations.NullMarked;
