package dev.weir.standalone.rows;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/** A file of rows cannot be used as a whole; the message names the file, the reason, the remedy. */
public final class RowFileException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** One line about a file. */
  public RowFileException(String file, String problem) {
    this(file, problem, null);
  }

  /** One line about a file, and what was thrown. */
  public RowFileException(String file, String problem, @Nullable Throwable cause) {
    super("row-file", file + " " + problem, cause);
  }
}
