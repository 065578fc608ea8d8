/** The commands of the command line. */
@NullMarked
package dev.weir.standalone.cli;

import org.jspecify.annotations.NullMarked;
