/** Reading of rows that users bring: JSON lines, CSV, TSV. */
@NullMarked
package dev.weir.standalone.rows;

import org.jspecify.annotations.NullMarked;
