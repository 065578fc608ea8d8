/** Feedback that came over HTTP on its way to Kafka. */
@NullMarked
package dev.weir.inference.publish;

import org.jspecify.annotations.NullMarked;
