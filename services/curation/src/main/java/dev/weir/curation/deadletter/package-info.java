/** Records that go no further, with their original bytes. */
@NullMarked
package dev.weir.curation.deadletter;

import org.jspecify.annotations.NullMarked;
