/** One label per adapter and text. */
@NullMarked
package dev.weir.curation.dedup;

import org.jspecify.annotations.NullMarked;
