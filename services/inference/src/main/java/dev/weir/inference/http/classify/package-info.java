/** Classification over HTTP: our own form and the Open Inference Protocol. */
@NullMarked
package dev.weir.inference.http.classify;

import org.jspecify.annotations.NullMarked;
