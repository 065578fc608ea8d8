package dev.weir.inference.publish;

import org.jspecify.annotations.Nullable;

/** Feedback that Kafka does not have. The message names the remedy. */
public final class FeedbackNotSentException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** Why. */
  public enum Kind {
    /** The process starts or ends: another replica may take it. */
    CLOSING,
    /** Kafka does not answer: the same may be taken later. */
    BROKER_UNAVAILABLE,
    /** Kafka never takes this record. */
    RECORD_REFUSED
  }

  FeedbackNotSentException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why. */
  public Kind kind() {
    return kind;
  }
}
