package dev.weir.inference.score;

import java.util.concurrent.CancellationException;

/** The client went away before it had its answers; nothing is wrong with the service. */
public final class CallerGoneException extends CancellationException {
  private static final long serialVersionUID = 1L;

  CallerGoneException() {
    super("the client went away before it had its answers");
  }
}
