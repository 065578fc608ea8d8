/** What is thrown for a reason that has a stable code, and the digests by which files are known. */
@NullMarked
package dev.weir.contract.fault;

import org.jspecify.annotations.NullMarked;
