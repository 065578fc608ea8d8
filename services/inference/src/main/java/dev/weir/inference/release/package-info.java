/** What the topic {@code adapters} wants to be served, and the way of each version into a slot. */
@NullMarked
package dev.weir.inference.release;

import org.jspecify.annotations.NullMarked;
