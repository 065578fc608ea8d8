package dev.weir.inference.adapter;

import dev.weir.common.ops.WeirException;
import org.jspecify.annotations.Nullable;

/** An adapter version cannot be put into service; the one before it goes on serving. */
public final class LoadException extends WeirException {

  private static final long serialVersionUID = 1L;

  LoadException(String reason, String problem) {
    this(reason, problem, null);
  }

  LoadException(String reason, String problem, @Nullable Throwable cause) {
    super(reason, problem, cause);
  }
}
