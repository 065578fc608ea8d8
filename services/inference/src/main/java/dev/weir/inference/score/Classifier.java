package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.event.Review;
import dev.weir.common.model.TokenLimit;
import dev.weir.common.ops.Health.Status;
import dev.weir.inference.adapter.AdapterRegistry;
import dev.weir.inference.adapter.ServingAdapter;
import dev.weir.inference.adapter.ServingPlans;
import dev.weir.inference.adapter.ServingState;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private final VersionRouter router;
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
      ServingPlans plans,
      Tokenizer tokenizer,
      AdapterCatalog catalog,
      Batching batching,
      MeterRegistry meters) {
    this.registry = registry;
    this.router = new VersionRouter(plans);
    this.tokenizer = tokenizer;
    this.catalog = catalog;
    this.meters = new ScoreMeters(meters);
    this.batcher =
        new MicroBatcher(
            new BatchScorer(registry, router, tokenizer, this.meters),
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
    Split split = split(reviews);
    return batcher
        .offer(source, split.queries)
        .map(answers -> counted(source, began, answers.thenApply(split::merge)));
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

  /**
   * Has the shadow versions score reviews, waiting for room in the queue. What they say is no
   * answer: a review whose adapter has no shadow in service, or on which the shadow fails, is left
   * out.
   *
   * @return by index what the shadows would have answered
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   */
  public CompletableFuture<Map<Integer, Answer.Scored>> shadow(Source source, List<Review> reviews)
      throws InterruptedException {
    List<Integer> indexes = new ArrayList<>();
    List<Query> queries = new ArrayList<>();
    ServingState state = registry.state();
    for (int i = 0; i < reviews.size(); i++) {
      Review review = reviews.get(i);
      Optional<ServingAdapter> shadow = router.shadow(state, review.adapter());
      if (shadow.isPresent()) {
        indexes.add(i);
        queries.add(query(review, shadow.get(), shadow.get().id()));
      } else if (router.shadowed(review.adapter())) {
        meters.shadowed("not-in-service");
      }
    }
    if (queries.isEmpty()) {
      return CompletableFuture.completedFuture(Map.of());
    }
    return batcher.put(source, queries).thenApply(answers -> scored(indexes, answers));
  }

  private Map<Integer, Answer.Scored> scored(List<Integer> indexes, List<Answer> answers) {
    Map<Integer, Answer.Scored> scored = new HashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i) instanceof Answer.Scored one) {
        meters.shadowed("scored");
        scored.put(indexes.get(i), one);
      } else {
        meters.shadowed(answers.get(i) instanceof Answer.Failed ? "failed" : "not-in-service");
      }
    }
    return scored;
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
      Optional<ServingAdapter> serving =
          router.answering(registry.state(), review.adapter(), review.id());
      if (serving.isPresent()) {
        split.queries.add(query(review, serving.get(), null));
      } else {
        split.abstained[i] = abstain(review.adapter());
      }
    }
    return split;
  }

  private Query query(Review review, ServingAdapter serving, @Nullable AdapterId shadow) {
    TokenLimit limit = serving.limit();
    int[] tokens = tokenizer.encode(review.text(), limit);
    return new Query(review.id(), review.text(), review.adapter(), tokens, limit, shadow);
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
