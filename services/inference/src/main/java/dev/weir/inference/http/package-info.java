/** The HTTP path: classify, adapters, feedback, health and metrics. */
@NullMarked
package dev.weir.inference.http;

import org.jspecify.annotations.NullMarked;
