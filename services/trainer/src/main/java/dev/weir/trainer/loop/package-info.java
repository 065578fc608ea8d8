/** From a batch on Kafka to its decision. */
@NullMarked
package dev.weir.trainer.loop;

import org.jspecify.annotations.NullMarked;
