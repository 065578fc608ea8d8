/** What every Kafka client of a service needs: skipped records, and clocks that are set back. */
@NullMarked
package dev.weir.service.kafka;

import org.jspecify.annotations.NullMarked;
