/** The trainer service: its loop over closed batches, its settings, and training without Kafka. */
@NullMarked
package dev.weir.trainer;

import org.jspecify.annotations.NullMarked;
