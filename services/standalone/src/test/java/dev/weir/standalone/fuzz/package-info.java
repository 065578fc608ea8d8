/** Hostile input for everything that a running loop reads, and what has to hold after it. */
@NullMarked
package dev.weir.standalone.fuzz;

import org.jspecify.annotations.NullMarked;
