/** Compose and Kubernetes files held against their schemas, the code, and running processes. */
@NullMarked
package dev.weir.deploy;

import org.jspecify.annotations.NullMarked;
