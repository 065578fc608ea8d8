/** What a model is made of: architecture, configuration, modules, precision, tensors. */
@NullMarked
package dev.weir.model.spec;

import org.jspecify.annotations.NullMarked;
