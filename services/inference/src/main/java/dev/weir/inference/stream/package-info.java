/** The Kafka path: reviews in, classifications out, exactly once. */
@NullMarked
package dev.weir.inference.stream;

import org.jspecify.annotations.NullMarked;
