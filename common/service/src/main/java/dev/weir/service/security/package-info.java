/** Keys and certificates in files: read, checked, and read again when they change. */
@NullMarked
package dev.weir.service.security;

import org.jspecify.annotations.NullMarked;
