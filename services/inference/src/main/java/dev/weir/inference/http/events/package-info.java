/** Streams of events over HTTP. */
@NullMarked
package dev.weir.inference.http.events;

import org.jspecify.annotations.NullMarked;
