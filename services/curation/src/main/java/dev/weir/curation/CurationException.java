package dev.weir.curation;

import dev.weir.contract.fault.WeirException;

/** Curation cannot start; the message names the remedy. */
public final class CurationException extends WeirException {

  private static final long serialVersionUID = 1L;

  CurationException(String reason, String problem) {
    super(reason, problem, null);
  }

  CurationException(String reason, String problem, Throwable cause) {
    super(reason, problem, cause);
  }
}
