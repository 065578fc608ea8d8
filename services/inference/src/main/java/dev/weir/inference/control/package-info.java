/** What operators say about an adapter's serving: checked, and written to the adapters topic. */
@NullMarked
package dev.weir.inference.control;

import org.jspecify.annotations.NullMarked;
