/** What is in memory: the engine, its slots, and the versions that have them. */
@NullMarked
package dev.weir.inference.slot;

import org.jspecify.annotations.NullMarked;
