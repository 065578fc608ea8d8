/** Tokenises, micro-batches and runs: the one scoring path of Kafka and HTTP. */
@NullMarked
package dev.weir.inference.score;

import org.jspecify.annotations.NullMarked;
