/** Where adapters are served: the execution provider, its precision, and what a GPU needs. */
@NullMarked
package dev.weir.inference.device;

import org.jspecify.annotations.NullMarked;
