/** The declarations of this service's meters. */
@NullMarked
package dev.weir.inference.meter;

import org.jspecify.annotations.NullMarked;
