/** How much one source may teach. */
@NullMarked
package dev.weir.curation.limit;

import org.jspecify.annotations.NullMarked;
