/** What Kafka adds to an answer. */
@NullMarked
package dev.weir.benchmarks.kafka;

import org.jspecify.annotations.NullMarked;
