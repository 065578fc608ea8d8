/** The console in a real browser, on the whole loop. */
@NullMarked
package dev.weir.browser;

import org.jspecify.annotations.NullMarked;
