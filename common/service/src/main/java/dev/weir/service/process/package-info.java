/** A service as a process: the settings that all share, its start, its topics and its end. */
@NullMarked
package dev.weir.service.process;

import org.jspecify.annotations.NullMarked;
