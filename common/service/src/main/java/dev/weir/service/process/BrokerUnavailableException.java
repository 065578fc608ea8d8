package dev.weir.service.process;

import dev.weir.contract.fault.WeirException;

/** The Kafka cluster cannot be reached or refuses what Weir needs; the message names the remedy. */
public final class BrokerUnavailableException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** A problem with its cause. */
  public BrokerUnavailableException(String message, Throwable cause) {
    super("broker-unavailable", message, cause);
  }
}
