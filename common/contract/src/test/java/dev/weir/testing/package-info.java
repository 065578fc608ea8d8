/** What the tests of every module use. */
@NullMarked
package dev.weir.testing;

import org.jspecify.annotations.NullMarked;
