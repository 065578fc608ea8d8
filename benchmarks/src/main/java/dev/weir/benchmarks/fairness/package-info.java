/** What a client of large requests costs the others. */
@NullMarked
package dev.weir.benchmarks.fairness;

import org.jspecify.annotations.NullMarked;
