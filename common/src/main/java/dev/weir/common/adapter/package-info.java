/** Identity, weights, files, manifest and release of an adapter. */
@NullMarked
package dev.weir.common.adapter;

import org.jspecify.annotations.NullMarked;
