/** The whole loop in one process: broker, services, producers and observers. */
@NullMarked
package dev.weir.standalone.loop;

import org.jspecify.annotations.NullMarked;
