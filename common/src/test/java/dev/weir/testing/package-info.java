/** Small real models and adapters for the tests of every module. */
@NullMarked
package dev.weir.testing;

import org.jspecify.annotations.NullMarked;
