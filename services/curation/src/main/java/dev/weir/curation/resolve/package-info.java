/** Text and label of feedback, from the review and the answer it is about. */
@NullMarked
package dev.weir.curation.resolve;

import org.jspecify.annotations.NullMarked;
