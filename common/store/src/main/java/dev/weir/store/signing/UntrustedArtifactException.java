package dev.weir.store.signing;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/**
 * An artifact that nobody whom this process trusts has signed: {@code signature-missing}, {@code
 * signature-unknown-key} or {@code signature-invalid}.
 */
public final class UntrustedArtifactException extends WeirException {

  private static final long serialVersionUID = 1L;

  UntrustedArtifactException(String reason, String problem, @Nullable Throwable cause) {
    super(reason, problem, cause);
  }
}
