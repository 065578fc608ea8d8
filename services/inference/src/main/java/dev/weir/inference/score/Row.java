package dev.weir.inference.score;

import dev.weir.inference.slot.Hold;
import org.jspecify.annotations.Nullable;

/**
 * One query of one submission: it is answered exactly once. At each moment one thread has it, and
 * hands it on through the batcher's lock.
 */
final class Row {

  private final Query query;
  private final Submission submission;
  private final int index;
  private @Nullable Hold hold;

  Row(Query query, Submission submission, int index) {
    this.query = query;
    this.submission = submission;
    this.index = index;
  }

  /** The queue that it came through. */
  Source source() {
    return submission.caller().source();
  }

  /** The texts that it was handed in with. */
  Submission submission() {
    return submission;
  }

  Query query() {
    return query;
  }

  /** Padded length, in tokens. */
  int length() {
    return query.tokens().length;
  }

  /** Keeps the version that it waits for in memory until it is answered. */
  void hold(@Nullable Hold next) {
    if (hold != null) {
      hold.close();
    }
    hold = next;
  }

  void answer(Answer answer) {
    hold(null);
    submission.answer(index, answer);
  }

  /** The same for a row that may have been answered before its worker failed. */
  void answerIfOpen(Answer answer) {
    hold(null);
    submission.answerIfOpen(index, answer);
  }

  /** Gives it up unanswered: nobody waits for it any more. */
  void drop() {
    hold(null);
  }

  /** Gives it up unanswered, and what it was handed in with: why there are no answers. */
  void drop(RuntimeException why) {
    hold(null);
    submission.fail(why);
  }
}
