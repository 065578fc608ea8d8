/** The demo: streams reviews and feedback through the loop and tells what happens. */
@NullMarked
package dev.weir.standalone.demo;

import org.jspecify.annotations.NullMarked;
