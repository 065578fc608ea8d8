package dev.weir.store.artifact;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/** An artifact cannot be stored, found or trusted. */
public final class StoreException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** A fault: its stable code, what is wrong with the remedy, and its cause if there is one. */
  public StoreException(String reason, String problem, @Nullable Throwable cause) {
    super(reason, problem, cause);
  }
}
