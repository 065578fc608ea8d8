/** Programs by which other implementations are compared with Weir; no part of the product. */
@NullMarked
package dev.weir.benchmarks;

import org.jspecify.annotations.NullMarked;
