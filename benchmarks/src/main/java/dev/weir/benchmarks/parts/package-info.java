/** JMH benchmarks of the hot path's parts; those of package-private parts are in their packages. */
@NullMarked
package dev.weir.benchmarks.parts;

import org.jspecify.annotations.NullMarked;
