package dev.weir.service.ops;

import dev.weir.contract.fault.WeirException;

/** Another process has the port that this one should serve on. */
public final class PortInUseException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** The port, and the option or variable that picks another one. */
  public PortInUseException(int port, String option, Throwable cause) {
    super(
        "port-in-use",
        "port "
            + port
            + " is in use; stop the process that holds it, or pick another with "
            + option,
        cause);
  }
}
