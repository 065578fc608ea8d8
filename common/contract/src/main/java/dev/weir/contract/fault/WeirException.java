package dev.weir.contract.fault;

import org.jspecify.annotations.Nullable;

/** A fault with a stable reason code, which is also the metric's tag. */
public abstract class WeirException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String problem;

  /** A fault: its code, what is wrong and how to mend it, and its cause if there is one. */
  protected WeirException(String reason, String problem, @Nullable Throwable cause) {
    super(problem, cause);
    this.reason = reason;
    this.problem = problem;
  }

  /** Stable code, lower case with hyphens. */
  public final String reason() {
    return reason;
  }

  /** What is wrong, with the remedy. */
  @Override
  public final String getMessage() {
    return problem;
  }
}
