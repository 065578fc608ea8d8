/** The names and settings of the topics, and the form of dead letters. */
@NullMarked
package dev.weir.contract.topic;

import org.jspecify.annotations.NullMarked;
