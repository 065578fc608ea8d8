/** The serving comparison: Weir's two paths between a ceiling, a naive loop and peers. */
@NullMarked
package dev.weir.benchmarks.serving;

import org.jspecify.annotations.NullMarked;
