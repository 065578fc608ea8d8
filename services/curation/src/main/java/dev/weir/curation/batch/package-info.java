/** Examples gathered into the batches that are trained. */
@NullMarked
package dev.weir.curation.batch;

import org.jspecify.annotations.NullMarked;
