package dev.weir.inference.score;

import dev.weir.contract.fault.WeirException;

/** What must come of one adapter version could not: releases came faster than answers. */
public final class VersionChangedException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** Names the adapter. */
  public VersionChangedException(String adapter) {
    super(
        "version-changed",
        "adapter '%s' was replaced again and again while it answered; send the request again"
            .formatted(adapter),
        null);
  }
}
