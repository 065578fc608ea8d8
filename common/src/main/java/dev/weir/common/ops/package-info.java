/** Health, metrics and ordered shutdown. */
@NullMarked
package dev.weir.common.ops;

import org.jspecify.annotations.NullMarked;
