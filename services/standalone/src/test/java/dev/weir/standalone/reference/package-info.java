/** The references in {@code docs/} as they follow from the code, and the check that they do. */
@NullMarked
package dev.weir.standalone.reference;

import org.jspecify.annotations.NullMarked;
