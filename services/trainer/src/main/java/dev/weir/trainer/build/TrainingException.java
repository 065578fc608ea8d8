package dev.weir.trainer.build;

import dev.weir.contract.fault.WeirException;

/** A training outside the loop that cannot give an adapter; the message names the remedy. */
public final class TrainingException extends WeirException {

  private static final long serialVersionUID = 1L;

  TrainingException(String reason, String problem) {
    super(reason, problem, null);
  }
}
