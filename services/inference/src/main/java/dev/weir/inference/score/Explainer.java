package dev.weir.inference.score;

import dev.weir.contract.event.Review;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Explains answers by occlusion (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016): each word
 * is left out in turn, and the fall of the predicted label's log-odds is its score.
 *
 * <p>The shortened texts go through the same queue, batches and adapter slot as every other text.
 * An explanation runs the model at most {@link #MAX_SPANS} + 1 times, of which at most {@link
 * #WAVE} wait in the queue at once, so that others never wait behind all of them. All runs are of
 * one adapter version: when a release comes in between, it begins again. Thread-safe.
 */
public final class Explainer {

  /** Longer texts are explained in groups of neighbouring words. */
  public static final int MAX_SPANS = 64;

  private static final int WAVE = 16;
  private static final int ATTEMPTS = 3;

  /** Keeps log-odds finite: about 21 nats. */
  private static final double CERTAIN = 1e-9;

  private final Classifier classifier;
  private final Executor tokenizing;

  /** An explainer over {@code classifier}; {@code tokenizing} runs what may take milliseconds. */
  public Explainer(Classifier classifier, Executor tokenizing) {
    this.classifier = classifier;
    this.tokenizing = tokenizing;
  }

  /**
   * Answers a text and explains the answer. Returns at once.
   *
   * @return the explanation to come; empty when the queue was full. It fails with a {@link
   *     VersionChangedException} when releases came faster than runs.
   */
  public CompletableFuture<Optional<Explanation>> explain(Caller caller, Review review) {
    return explain(new Run(caller, review, System.nanoTime()), 1);
  }

  private record Run(Caller caller, Review review, long began) {}

  private CompletableFuture<Optional<Explanation>> explain(Run run, int attempt) {
    return score(run, List.of(run.review()), false)
        .thenCompose(
            first -> {
              if (first.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
              }
              Answer answer = first.get().get(0);
              if (!(answer instanceof Answer.Scored scored)) {
                classifier.count(run.caller().source(), run.began(), answer, 1);
                return CompletableFuture.completedFuture(
                    Optional.of(new Explanation(answer, List.of())));
              }
              return explain(run, attempt, scored);
            });
  }

  private CompletableFuture<Optional<Explanation>> explain(
      Run run, int attempt, Answer.Scored whole) {
    List<Words.Span> spans = Words.of(run.review().text(), MAX_SPANS);
    return occlude(run, spans, new ArrayList<>())
        .thenCompose(
            answers -> {
              if (answers.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
              }
              List<Explanation.Word> words = new ArrayList<>(spans.size());
              for (int i = 0; i < spans.size(); i++) {
                Answer without = answers.get().get(i);
                if (without instanceof Answer.Failed failed) {
                  throw failed.cause();
                }
                if (!(without instanceof Answer.Scored scored)
                    || !scored.digest().equals(whole.digest())) {
                  return again(run, attempt, whole);
                }
                words.add(word(spans.get(i), whole, scored));
              }
              classifier.count(run.caller().source(), run.began(), whole, 1 + spans.size());
              return CompletableFuture.completedFuture(Optional.of(new Explanation(whole, words)));
            });
  }

  private CompletableFuture<Optional<Explanation>> again(
      Run run, int attempt, Answer.Scored whole) {
    return attempt < ATTEMPTS
        ? explain(run, attempt + 1)
        : CompletableFuture.failedFuture(new VersionChangedException(whole.id().adapter()));
  }

  /** Scores the text without each span, a wave at a time; empty when the queue was full. */
  private CompletableFuture<Optional<List<Answer>>> occlude(
      Run run, List<Words.Span> spans, List<Answer> done) {
    if (done.size() == spans.size()) {
      return CompletableFuture.completedFuture(Optional.of(done));
    }
    List<Review> wave =
        spans.subList(done.size(), Math.min(done.size() + WAVE, spans.size())).stream()
            .map(span -> without(run.review(), span))
            .toList();
    return score(run, wave, true)
        .thenCompose(
            answers -> {
              if (answers.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
              }
              done.addAll(answers.get());
              return occlude(run, spans, done);
            });
  }

  private CompletableFuture<Optional<List<Answer>>> score(
      Run run, List<Review> reviews, boolean silent) {
    return CompletableFuture.supplyAsync(
            () -> classifier.tryScore(run.caller(), reviews, silent), tokenizing)
        .thenCompose(
            accepted ->
                accepted.isEmpty()
                    ? CompletableFuture.completedFuture(Optional.empty())
                    : accepted.get().thenApply(Optional::of));
  }

  private static Review without(Review review, Words.Span span) {
    String text = review.text();
    int end = span.end();
    // One of the two spaces goes with the word: byte-level tokenisers tell one from two.
    if (span.start() > 0
        && end < text.length()
        && text.charAt(span.start() - 1) == ' '
        && text.charAt(end) == ' ') {
      end++;
    }
    return new Review(
        review.id(),
        text.substring(0, span.start()) + text.substring(end),
        review.adapter(),
        review.timestamp(),
        review.attributes());
  }

  private static Explanation.Word word(
      Words.Span span, Answer.Scored whole, Answer.Scored without) {
    int label = whole.labels().indexOf(whole.label());
    double probability = without.probabilities().get(label);
    double score = logOdds(whole.probabilities().get(label)) - logOdds(probability);
    return new Explanation.Word(span.start(), span.end(), score, probability);
  }

  private static double logOdds(double probability) {
    double bounded = Math.min(1 - CERTAIN, Math.max(CERTAIN, probability));
    return Math.log(bounded / (1 - bounded));
  }
}
