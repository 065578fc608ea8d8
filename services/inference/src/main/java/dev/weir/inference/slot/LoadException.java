package dev.weir.inference.slot;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/** An adapter version cannot be put into service; the one before it goes on serving. */
public final class LoadException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** A version that cannot be served: a stable code, and what is wrong. */
  public LoadException(String reason, String problem) {
    this(reason, problem, null);
  }

  /** A version that cannot be served, with the cause. */
  public LoadException(String reason, String problem, @Nullable Throwable cause) {
    super(reason, problem, cause);
  }
}
