/** Health, metrics and the order of a shutdown. */
@NullMarked
package dev.weir.service.ops;

import org.jspecify.annotations.NullMarked;
