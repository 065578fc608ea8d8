/** The records on the topics and their JSON form. Jackson is the only library that it uses. */
@NullMarked
package dev.weir.contract.event;

import org.jspecify.annotations.NullMarked;
