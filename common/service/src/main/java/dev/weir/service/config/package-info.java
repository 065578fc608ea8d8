/** Settings: one table per service, and all problems reported at once. */
@NullMarked
package dev.weir.service.config;

import org.jspecify.annotations.NullMarked;
