/** Watches releases, loads adapters into slots and leases them to scorers. */
@NullMarked
package dev.weir.inference.adapter;

import org.jspecify.annotations.NullMarked;
