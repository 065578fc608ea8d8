/** Announcing a decision: artifact first, then one Kafka transaction. */
@NullMarked
package dev.weir.trainer.publish;

import org.jspecify.annotations.NullMarked;
