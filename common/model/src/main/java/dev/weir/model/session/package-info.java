/** Sessions that run a graph: rows of several adapters at once, or of one that is merged in. */
@NullMarked
package dev.weir.model.session;

import org.jspecify.annotations.NullMarked;
