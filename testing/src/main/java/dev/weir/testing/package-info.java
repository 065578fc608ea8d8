/** What the services' tests share; used in test scope only. */
@NullMarked
package dev.weir.testing;

import org.jspecify.annotations.NullMarked;
