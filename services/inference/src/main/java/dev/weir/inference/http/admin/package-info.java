/** Adapters seen and controlled over HTTP. */
@NullMarked
package dev.weir.inference.http.admin;

import org.jspecify.annotations.NullMarked;
