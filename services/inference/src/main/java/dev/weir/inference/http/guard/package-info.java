/** What every request passes before its handler: hosts, origins, keys, limits. */
@NullMarked
package dev.weir.inference.http.guard;

import org.jspecify.annotations.NullMarked;
