/** Adapter files in the format of Hugging Face PEFT, read and written. */
@NullMarked
package dev.weir.model.peft;

import org.jspecify.annotations.NullMarked;
