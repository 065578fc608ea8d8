/** What all handlers share: bodies, JSON, problems, pools. */
@NullMarked
package dev.weir.inference.http.web;

import org.jspecify.annotations.NullMarked;
