/** The declarations of this service's meters. */
@NullMarked
package dev.weir.curation.meter;

import org.jspecify.annotations.NullMarked;
