/** Records that travel on the topics and their JSON form; no framework but Jackson. */
@NullMarked
package dev.weir.common.event;

import org.jspecify.annotations.NullMarked;
