package dev.weir.inference.score;

/** One query of one submission: it is answered exactly once. */
final class Row {

  private final Query query;
  private final Submission submission;
  private final int index;

  Row(Query query, Submission submission, int index) {
    this.query = query;
    this.submission = submission;
    this.index = index;
  }

  Query query() {
    return query;
  }

  /** Padded length, in tokens. */
  int length() {
    return query.tokens().length;
  }

  void answer(Answer answer) {
    submission.answer(index, answer);
  }

  /** The same for a row that may have been answered before its worker failed. */
  void answerIfOpen(Answer answer) {
    submission.answerIfOpen(index, answer);
  }
}
