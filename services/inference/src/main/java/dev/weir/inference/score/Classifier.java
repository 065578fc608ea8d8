package dev.weir.inference.score;

import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.event.Review;
import dev.weir.common.model.TokenLimit;
import dev.weir.common.ops.Health.Status;
import dev.weir.inference.adapter.AdapterRegistry;
import dev.weir.inference.adapter.ServingAdapter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers valid reviews, for Kafka and HTTP alike: one tokeniser, one queue discipline, one
 * behaviour.
 *
 * <p>A review whose adapter has no serving version is abstained at once with the code {@code
 * no-adapter}; all others are tokenised on the caller's thread and queued. Thread-safe. {@link
 * #close} answers what was accepted.
 */
public final class Classifier implements AutoCloseable {

  private final AdapterRegistry registry;
  private final Tokenizer tokenizer;
  private final AdapterCatalog catalog;
  private final MicroBatcher batcher;
  private final ScoreMeters meters;

  /**
   * How texts are batched.
   *
   * @param workers threads that run batches, at least 1
   * @param batchTokens most tokens per batch, padding included
   * @param queueTexts most texts that wait, per source
   */
  public record Batching(int workers, int batchTokens, int queueTexts) {}

  /** A classifier over what {@code registry} serves; nothing runs before {@link #start}. */
  public Classifier(
      AdapterRegistry registry,
      Tokenizer tokenizer,
      AdapterCatalog catalog,
      Batching batching,
      MeterRegistry meters) {
    this.registry = registry;
    this.tokenizer = tokenizer;
    this.catalog = catalog;
    this.meters = new ScoreMeters(meters);
    this.batcher =
        new MicroBatcher(
            new BatchScorer(registry, tokenizer, this.meters),
            batching.workers(),
            batching.batchTokens(),
            batching.queueTexts());
    this.meters.queueDepth(batcher::depth);
  }

  /** Starts the workers. */
  public void start() {
    batcher.start();
  }

  /**
   * Answers reviews unless too many wait already. Tokenises on the calling thread, which must not
   * be an event loop.
   *
   * @return the answers to come, in order; empty when the queue is full
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   */
  public Optional<CompletableFuture<List<Answer>>> tryClassify(
      Source source, List<Review> reviews) {
    long began = System.nanoTime();
    return tryScore(source, reviews).map(answers -> counted(source, began, answers));
  }

  /** The same for texts that nobody sent: they are not counted as classifications. */
  Optional<CompletableFuture<List<Answer>>> tryScore(Source source, List<Review> reviews) {
    Split split = split(reviews);
    return batcher.offer(source, split.queries).map(answers -> answers.thenApply(split::merge));
  }

  /** Counts one answer that was made of several runs. */
  void count(Source source, long beganNanos, Answer answer, int runs) {
    meters.answered(source, List.of(answer), beganNanos);
    meters.explained(runs);
  }

  /**
   * Answers reviews, waiting for room in the queue.
   *
   * @return the answers to come, in order
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   */
  public CompletableFuture<List<Answer>> classify(Source source, List<Review> reviews)
      throws InterruptedException {
    long began = System.nanoTime();
    Split split = split(reviews);
    return counted(source, began, batcher.put(source, split.queries).thenApply(split::merge));
  }

  /** Whether the workers are well. */
  public Status status() {
    return batcher.status();
  }

  @Override
  public void close() {
    batcher.close();
  }

  private CompletableFuture<List<Answer>> counted(
      Source source, long began, CompletableFuture<List<Answer>> answers) {
    return answers.thenApply(
        all -> {
          meters.answered(source, all, began);
          return all;
        });
  }

  private Split split(List<Review> reviews) {
    Split split = new Split(reviews.size());
    for (int i = 0; i < reviews.size(); i++) {
      Review review = reviews.get(i);
      Optional<ServingAdapter> serving = registry.state().adapter(review.adapter());
      if (serving.isPresent()) {
        TokenLimit limit = serving.get().limit();
        int[] tokens = tokenizer.encode(review.text(), limit);
        split.queries.add(new Query(review.text(), review.adapter(), tokens, limit));
      } else {
        split.abstained[i] = abstain(review.adapter());
      }
    }
    return split;
  }

  private Answer abstain(String adapter) {
    return catalog.scheme(adapter).isPresent()
        ? Abstentions.noRelease(adapter)
        : Abstentions.undeclared(adapter, catalog);
  }

  /** Reviews apart: those that are abstained at once, and the queries of the others. */
  private static final class Split {

    private final @Nullable Answer[] abstained;
    private final List<Query> queries = new ArrayList<>();

    Split(int size) {
      abstained = new Answer[size];
    }

    /** Puts the answers of the queries where the gaps are. */
    List<Answer> merge(List<Answer> answers) {
      Answer[] all = new Answer[abstained.length];
      int next = 0;
      for (int i = 0; i < all.length; i++) {
        Answer early = abstained[i];
        all[i] = early != null ? early : answers.get(next++);
      }
      return List.copyOf(Arrays.asList(all));
    }
  }
}
