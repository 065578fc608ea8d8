package dev.weir.inference.score;

import dev.weir.contract.fault.WeirException;
import dev.weir.contract.release.AdapterId;

/** The version that should answer fails on texts that are not at fault; nothing else serves. */
public final class OutOfOrderException extends WeirException {

  /** The reason code, the same in health, HTTP and metrics. */
  public static final String REASON = "adapter-out-of-order";

  private static final long serialVersionUID = 1L;

  OutOfOrderException(AdapterId id, String why) {
    super(
        REASON,
        "adapter %s is out of order: %s; it is tried again by itself, so send the request again, or roll the adapter back"
            .formatted(id, why),
        null);
  }
}
