package dev.weir.inference.control;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/** A control that was not carried out; nothing was written. */
public final class ControlException extends WeirException {

  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** Whose fault it is. */
  public enum Kind {
    /** There is no such adapter or version. */
    UNKNOWN,
    /** The value is out of its range. */
    INVALID,
    /** The adapter's present state does not allow it. */
    CONFLICT,
    /** Kafka or the store does not answer: the same may succeed later. */
    UNAVAILABLE
  }

  ControlException(Kind kind, String reason, String message) {
    this(kind, reason, message, null);
  }

  ControlException(Kind kind, String reason, String message, @Nullable Throwable cause) {
    super(reason, message, cause);
    this.kind = kind;
  }

  /** Whose fault it is. */
  public Kind kind() {
    return kind;
  }
}
