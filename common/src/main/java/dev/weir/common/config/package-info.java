/** Settings: one table per service, all problems reported at once. */
@NullMarked
package dev.weir.common.config;

import org.jspecify.annotations.NullMarked;
