package dev.weir.curation.deadletter;

import dev.weir.contract.event.Parsed;

/**
 * What a step makes of a feedback record: it goes on, or to the dead-letter topic.
 *
 * @param <T> what goes on
 */
public sealed interface Screened<T> {

  /** It goes on as {@code value}. */
  record Passed<T>(T value) implements Screened<T> {}

  /**
   * It goes no further.
   *
   * @param original the record as it was read
   * @param reason stable code
   * @param message what is wrong, the limit against the actual value, and the remedy
   */
  record Refused<T>(Original original, Parsed.Reason reason, String message)
      implements Screened<T>, HasOriginal {}
}
