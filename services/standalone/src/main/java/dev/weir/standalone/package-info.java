/** Wiring of all services in one process, and the command line's entry. */
@NullMarked
package dev.weir.standalone;

import org.jspecify.annotations.NullMarked;
