/**
 * How long the services are away after a crash, a restart or a freeze, as processes of their own.
 */
@NullMarked
package dev.weir.benchmarks.recovery;

import org.jspecify.annotations.NullMarked;
