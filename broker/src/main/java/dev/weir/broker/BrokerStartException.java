package dev.weir.broker;

import org.jspecify.annotations.Nullable;

/**
 * The embedded broker could not start. The message is one line that names what failed and the
 * remedy, fit to be shown to the person who started the process as it is.
 */
public final class BrokerStartException extends RuntimeException {

  /** What kept the broker from starting; stable, so that a caller may branch on it. */
  public enum Reason {
    PORT_UNAVAILABLE,
    DATA_DIR_UNUSABLE,
    DATA_DIR_LOCKED,
    DISK_FULL,
    KAFKA_FAILED
  }

  private final Reason reason;

  BrokerStartException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  BrokerStartException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** The kind of failure. */
  public Reason reason() {
    return reason;
  }
}
