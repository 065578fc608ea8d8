/** Signatures on adapters: who vouches for which files, and whom this process believes. */
@NullMarked
package dev.weir.store.signing;

import org.jspecify.annotations.NullMarked;
