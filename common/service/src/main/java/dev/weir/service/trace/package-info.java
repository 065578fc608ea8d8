/** One trace from a review to the adapter that learned from it. */
@NullMarked
package dev.weir.service.trace;

import org.jspecify.annotations.NullMarked;
