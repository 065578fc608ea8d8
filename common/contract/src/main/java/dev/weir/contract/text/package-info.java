/** How much of a text is read, and what of it can be seen. */
@NullMarked
package dev.weir.contract.text;

import org.jspecify.annotations.NullMarked;
