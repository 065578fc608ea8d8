/** The inference service: classifies reviews from Kafka and HTTP with the adapters that serve. */
@NullMarked
package dev.weir.inference;

import org.jspecify.annotations.NullMarked;
