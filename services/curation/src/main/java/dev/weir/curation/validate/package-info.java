/** What a record of the input topics says, judged alone. */
@NullMarked
package dev.weir.curation.validate;

import org.jspecify.annotations.NullMarked;
