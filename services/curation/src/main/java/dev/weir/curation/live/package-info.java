/** How often the served answers were right, as feedback tells. */
@NullMarked
package dev.weir.curation.live;

import org.jspecify.annotations.NullMarked;
