/** How the lines of the text log are written. */
@NullMarked
package dev.weir.standalone.log;

import org.jspecify.annotations.NullMarked;
