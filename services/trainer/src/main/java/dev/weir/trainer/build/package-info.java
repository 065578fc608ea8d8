/** From examples to an artifact that was judged, without Kafka. */
@NullMarked
package dev.weir.trainer.build;

import org.jspecify.annotations.NullMarked;
