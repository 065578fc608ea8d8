/** The numbers of an adapter: low-rank pairs, heads, and their configuration. */
@NullMarked
package dev.weir.model.weights;

import org.jspecify.annotations.NullMarked;
