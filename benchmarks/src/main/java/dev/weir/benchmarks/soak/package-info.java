/** Thousands of swaps under load. */
@NullMarked
package dev.weir.benchmarks.soak;

import org.jspecify.annotations.NullMarked;
