/** A real Apache Kafka broker inside this process, for a laptop and for tests. */
@NullMarked
package dev.weir.broker;

import org.jspecify.annotations.NullMarked;
