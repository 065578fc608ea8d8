package dev.weir.curation.resolve;

import dev.weir.curation.deadletter.HasOriginal;
import dev.weir.curation.deadletter.Original;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to one review, or feedback on it: what meets in one task, under the
 * review's id, so that feedback finds its review.
 */
public sealed interface ReviewEvent {

  /**
   * The review came.
   *
   * @param adapter the adapter that it asks
   * @param text its text
   */
  record ReviewSeen(String adapter, String text) implements ReviewEvent {}

  /**
   * It was answered.
   *
   * @param adapter the adapter that was asked
   * @param version the version that answered, or {@code null}
   * @param label the served label, or {@code null} when it abstained
   * @param trace the trace that it was answered in, as {@code traceparent}, or {@code null}
   */
  record AnswerServed(
      String adapter, @Nullable Integer version, @Nullable String label, @Nullable String trace)
      implements ReviewEvent {

    /** The same with the trace that its record's headers name. */
    AnswerServed in(@Nullable String named) {
      return named == null ? this : new AnswerServed(adapter, version, label, named);
    }
  }

  /**
   * Somebody said something about it. Only the original travels: it is read again where it is
   * needed, which costs microseconds and keeps one form of the truth.
   */
  record FeedbackGiven(Original original) implements ReviewEvent, HasOriginal {}
}
