package dev.weir.curation.resolve;

import dev.weir.contract.event.Parsed;

/** What can be said of feedback with what is known of its review so far. */
sealed interface Resolution {

  /** Text and label are known. */
  record Resolved(LabeledText labeled) implements Resolution {}

  /**
   * It may yet be resolved when more comes; if nothing does, it is refused for this reason.
   *
   * @param reason stable code
   * @param problem what did not come
   * @param remedy what its producer can do
   */
  record Missing(Parsed.Reason reason, String problem, String remedy) implements Resolution {}

  /** Whatever comes, it is not usable. */
  record Unusable(Parsed.Reason reason, String message) implements Resolution {}
}
