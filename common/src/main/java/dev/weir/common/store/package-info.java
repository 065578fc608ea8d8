/** Stores that hold adapter artifacts. */
@NullMarked
package dev.weir.common.store;

import org.jspecify.annotations.NullMarked;
