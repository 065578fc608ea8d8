package dev.weir.inference.score;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Texts that were handed in together, with one future for all their answers, in order.
 *
 * <p>Thread-safe: rows are answered by whichever worker ran them.
 */
final class Submission {

  private final Caller caller;
  private final AtomicReferenceArray<@Nullable Answer> answers;
  private final AtomicInteger open;
  private final CompletableFuture<List<Answer>> done = new CompletableFuture<>();

  Submission(Caller caller, int size) {
    this.caller = caller;
    this.answers = new AtomicReferenceArray<>(size);
    this.open = new AtomicInteger(size);
    if (size == 0) {
      done.complete(List.of());
    }
  }

  /**
   * Takes the answer of one row.
   *
   * @throws IllegalStateException if that row has one already
   */
  void answer(int index, Answer answer) {
    if (!answerIfOpen(index, answer)) {
      throw new IllegalStateException("row " + index + " is answered already");
    }
  }

  /** Takes the answer of one row unless it has one already; says whether it did. */
  boolean answerIfOpen(int index, Answer answer) {
    if (!answers.compareAndSet(index, null, answer)) {
      return false;
    }
    if (open.decrementAndGet() == 0) {
      Answer[] all = new Answer[answers.length()];
      Arrays.setAll(all, answers::get);
      done.complete(List.of(all));
    }
    return true;
  }

  /** Who asked. */
  Caller caller() {
    return caller;
  }

  /** Ends it without the answers that are missing; does nothing when it has all of them. */
  void fail(RuntimeException why) {
    done.completeExceptionally(why);
  }

  CompletableFuture<List<Answer>> done() {
    return done;
  }
}
