/** Follows Kafka topics for whoever listens; knows neither scoring nor the transport. */
@NullMarked
package dev.weir.inference.feed;

import org.jspecify.annotations.NullMarked;
