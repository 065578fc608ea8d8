package dev.weir.inference.score;

import dev.weir.contract.event.Review;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Answers several texts for one adapter by one of its versions, where the classifier alone may
 * answer half of them before a release and half after it. Thread-safe.
 */
public final class OneVersion {

  private static final int ATTEMPTS = 3;

  private final Classifier classifier;
  private final Executor tokenizing;

  /** Answers by {@code classifier}; {@code tokenizing} runs what may take milliseconds. */
  public OneVersion(Classifier classifier, Executor tokenizing) {
    this.classifier = classifier;
    this.tokenizing = tokenizing;
  }

  /**
   * Answers texts, all of them for the same adapter. Returns at once.
   *
   * @return the answers to come, in order; empty when the queue was full. It fails with a {@link
   *     VersionChangedException} when releases came faster than answers.
   */
  public CompletableFuture<Optional<List<Answer>>> classify(Caller caller, List<Review> reviews) {
    return classify(caller, reviews, 1);
  }

  private CompletableFuture<Optional<List<Answer>>> classify(
      Caller caller, List<Review> reviews, int attempt) {
    return CompletableFuture.supplyAsync(() -> classifier.tryClassify(caller, reviews), tokenizing)
        .thenCompose(
            accepted ->
                accepted.isEmpty()
                    ? CompletableFuture.completedFuture(Optional.empty())
                    : accepted
                        .get()
                        .thenCompose(
                            answers ->
                                same(answers)
                                    ? CompletableFuture.completedFuture(Optional.of(answers))
                                    : again(caller, reviews, attempt)));
  }

  private CompletableFuture<Optional<List<Answer>>> again(
      Caller caller, List<Review> reviews, int attempt) {
    return attempt < ATTEMPTS
        ? classify(caller, reviews, attempt + 1)
        : CompletableFuture.failedFuture(new VersionChangedException(reviews.get(0).adapter()));
  }

  /** Those aside that no version answered: texts that failed, and texts without a token. */
  private static boolean same(List<Answer> answers) {
    return answers.stream()
            .filter(answer -> !(answer instanceof Answer.Failed))
            .filter(
                answer -> !(answer instanceof Answer.Abstained abstained && abstained.ofTheText()))
            .map(answer -> answer instanceof Answer.Scored scored ? scored.digest() : "")
            .distinct()
            .count()
        <= 1;
  }
}
