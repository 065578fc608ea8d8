/** Topic names, settings and provisioning, and the dead-letter form. */
@NullMarked
package dev.weir.common.topic;

import org.jspecify.annotations.NullMarked;
