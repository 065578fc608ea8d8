/** Who may ask for what, and how often: API keys, scopes and rate limits. Knows no transport. */
@NullMarked
package dev.weir.inference.access;

import org.jspecify.annotations.NullMarked;
