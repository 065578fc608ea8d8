/** Stores that hold adapter artifacts: on a file system, and on S3 with a cache. */
@NullMarked
package dev.weir.store.artifact;

import org.jspecify.annotations.NullMarked;
