/**
 * What the topic {@code adapters} says: releases, champions, plans and the history of what served.
 */
@NullMarked
package dev.weir.contract.release;

import org.jspecify.annotations.NullMarked;
