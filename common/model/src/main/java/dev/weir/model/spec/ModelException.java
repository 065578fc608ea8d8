package dev.weir.model.spec;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/**
 * A base model, adapter file or graph that cannot be used.
 *
 * <p>{@link #reason()} is a stable lower-case code such as {@code unknown-base} or {@code
 * corrupt-safetensors}: metrics are tagged with it and callers may branch on it. The message is for
 * people and names what, which, the limit against the actual value, and the remedy.
 */
public final class ModelException extends WeirException {
  private static final long serialVersionUID = 1L;

  /** A fault without a further cause. */
  public ModelException(String reason, String message) {
    this(reason, message, null);
  }

  /** A fault: its stable code, what is wrong with the remedy, and its cause if there is one. */
  public ModelException(String reason, String message, @Nullable Throwable cause) {
    super(reason, message, cause);
  }
}
