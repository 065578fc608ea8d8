package dev.weir.inference.score;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.text.TokenLimit;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.ServingState;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.LoggedText;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers valid reviews, for Kafka and HTTP alike: one tokeniser, one queue discipline, one
 * behaviour.
 *
 * <p>A review whose adapter has no serving version is abstained at once with the code {@code
 * no-adapter}; all others are tokenised on the caller's thread and queued. While a version is out
 * of order ({@link Triage}), reviews from Kafka wait for it and HTTP is refused. Thread-safe.
 * {@link #close} answers what was accepted.
 */
public final class Classifier implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Classifier.class);

  /** The tokens that start and end each text. */
  private static final int FRAME = 2;

  private final AdapterRegistry registry;
  private final VersionRouter router;
  private final Tokenizer tokenizer;
  private final AdapterCatalog catalog;
  private final Triage triage;
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
    this.meters = new ScoreMeters(meters, registry);
    this.triage = new Triage(registry, tokenizer, this.meters, Clock.systemUTC());
    this.batcher =
        new MicroBatcher(
            new BatchScorer(registry, router, tokenizer, triage, this.meters),
            triage,
            batching.workers(),
            batching.batchTokens(),
            batching.queueTexts());
    this.meters.queue(batcher::depth, batching.queueTexts());
  }

  /** Starts the workers. */
  public void start() {
    batcher.start();
  }

  /**
   * Answers reviews unless too many wait already, those of the caller's client above all. Tokenises
   * on the calling thread, which must not be an event loop.
   *
   * @return the answers to come, in order; empty when the queue is full. They fail with an {@link
   *     OutOfOrderException} when a version that should answer fails on every text
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   */
  public Optional<CompletableFuture<List<Answer>>> tryClassify(
      Caller caller, List<Review> reviews) {
    if (caller.gone()) {
      return Optional.of(CompletableFuture.failedFuture(new CallerGoneException()));
    }
    if (!batcher.fits(caller, toScore(reviews))) {
      return Optional.empty(); // Before they cost anything: others wait for this thread, too.
    }
    Tokenised tokenised = tokenise(reviews, false, false);
    Suspension suspension = tokenised.suspension;
    if (suspension != null) {
      return Optional.of(CompletableFuture.failedFuture(suspension.problem()));
    }
    return batcher
        .offer(caller, tokenised.queries())
        .map(scored -> counted(caller.source(), tokenised, scored));
  }

  /** The adapter of each review that some version would score. */
  private List<String> toScore(List<Review> reviews) {
    ServingState state = registry.state();
    return reviews.stream()
        .filter(each -> state.adapter(each.adapter()).isPresent())
        .map(Review::adapter)
        .toList();
  }

  /**
   * The same for texts that nobody sent: they are not counted as classifications.
   *
   * @param silent whether texts without a known token are scored, too: what is left of a text when
   *     a word is taken out
   */
  Optional<CompletableFuture<List<Answer>>> tryScore(
      Caller caller, List<Review> reviews, boolean silent) {
    if (caller.gone()) {
      return Optional.of(CompletableFuture.failedFuture(new CallerGoneException()));
    }
    Tokenised tokenised = tokenise(reviews, false, silent);
    Suspension suspension = tokenised.suspension;
    if (suspension != null) {
      return Optional.of(CompletableFuture.failedFuture(suspension.problem()));
    }
    return batcher
        .offer(caller, tokenised.queries())
        .map(scored -> scored.thenApply(tokenised::merge));
  }

  /** Counts one answer that was made of several runs. */
  void count(Source source, long beganNanos, Answer answer, int runs) {
    meters.answered(source, List.of(answer), beganNanos);
    meters.explained(runs);
  }

  /**
   * Tokenises reviews for {@link #offer}, on the calling thread, for the versions that answer and
   * for shadows: up to twice as many texts are queued as there are reviews. When a version with
   * another token limit takes over before they are scored, they are tokenised again.
   */
  public Tokenised tokenise(List<Review> reviews) {
    return tokenise(reviews, true, false);
  }

  /**
   * Answers tokenised reviews, waiting at most {@code patience} for room in the queue; a refused
   * offer may be made again.
   *
   * @return the answers to come, in order; empty when the queue stayed full
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   * @throws IllegalArgumentException if there can never be room for so many
   */
  public Optional<CompletableFuture<List<Answer>>> offer(
      Caller caller, Tokenised tokenised, Duration patience) throws InterruptedException {
    return batcher
        .offer(caller, tokenised.queries(), patience)
        .map(scored -> counted(caller.source(), tokenised, scored));
  }

  /** Whether a version in service here shadows an adapter. */
  public boolean shadowed(String adapter) {
    return router.shadow(registry.state(), adapter).isPresent();
  }

  /**
   * Has shadow versions score reviews that were answered without them, by workers that have nothing
   * else to do. Tokenises on the calling thread.
   *
   * @return what they say, in the order of the reviews; nothing where no shadow is in service, the
   *     text fails, or too many wait
   * @throws java.util.concurrent.RejectedExecutionException if the service is closing
   */
  public CompletableFuture<List<Optional<Answer.Scored>>> shadow(List<Review> reviews) {
    ServingState state = registry.state();
    List<Query> queries = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (Review review : reviews) {
      Optional<ServingAdapter> shadow = router.shadow(state, review.adapter());
      places.add(shadow.isPresent() ? queries.size() : -1);
      shadow.ifPresent(version -> queries.add(query(review, version, version.id())));
    }
    return batcher
        .offer(Caller.shadow(), queries)
        .orElseGet(() -> CompletableFuture.completedFuture(List.of()))
        .thenApply(
            said ->
                places.stream()
                    .map(
                        place ->
                            place >= 0
                                    && place < said.size()
                                    && said.get(place) instanceof Answer.Scored scored
                                ? Optional.of(scored)
                                : Optional.<Answer.Scored>empty())
                    .toList());
  }

  /**
   * Drops what a caller has waiting: his client went away. His answers to come fail with a {@link
   * CallerGoneException}. Returns at once; callable from any thread.
   */
  public void leave(Caller caller) {
    batcher.leave(caller);
  }

  /** Whether reviews of the reviews topic wait for a worker. */
  public boolean reviewsWait() {
    return batcher.depth(Source.KAFKA) > 0;
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
      Source source, Tokenised tokenised, CompletableFuture<List<Answer>> scored) {
    return scored.thenApply(
        done -> {
          List<Answer> all = tokenised.merge(done);
          meters.answered(source, all, tokenised.beganNanos);
          meters.shadowed(tokenised.shadows.size(), all);
          return all;
        });
  }

  private Tokenised tokenise(List<Review> reviews, boolean shadows, boolean silent) {
    Tokenised tokenised = new Tokenised(reviews.size());
    ServingState state = registry.state();
    for (int i = 0; i < reviews.size(); i++) {
      try {
        tokenise(reviews.get(i), i, state, shadows, silent, tokenised);
      } catch (RuntimeException e) {
        if (!triage.tokenizes()) {
          throw new IllegalStateException("the tokeniser fails on every text", e);
        }
        LOG.error("review {} could not be tokenised", LoggedText.of(reviews.get(i).id()), e);
        tokenised.early[i] = new Answer.Failed(e, Answer.Failed.INTERNAL_ERROR);
      }
    }
    return tokenised;
  }

  private void tokenise(
      Review review,
      int place,
      ServingState state,
      boolean shadows,
      boolean silent,
      Tokenised tokenised) {
    Optional<ServingAdapter> serving = router.answering(state, review.adapter(), review.id());
    if (serving.isEmpty()) {
      tokenised.early[place] = abstain(review.adapter());
      return;
    }
    Query query = query(review, serving.get(), null);
    if (!silent && query.tokens().length <= FRAME) {
      tokenised.early[place] = Abstentions.noToken();
      return;
    }
    Optional<ServingAdapter> shadow =
        shadows ? router.shadow(state, review.adapter()) : Optional.empty();
    if (shadow.isPresent()) {
      tokenised.shadows.add(query(review, shadow.get(), shadow.get().id()));
      tokenised.shadowed.add(place);
    }
    tokenised.answers.add(query);
    Suspension suspension = triage.suspension(serving.get());
    if (suspension != null) {
      tokenised.suspension = suspension;
    }
  }

  private Query query(Review review, ServingAdapter serving, @Nullable AdapterId shadow) {
    TokenLimit limit = serving.limit();
    int[] tokens = tokenizer.encode(review.text(), limit);
    return new Query(review.id(), review.text(), review.adapter(), tokens, limit, shadow);
  }

  private Answer abstain(String adapter) {
    return catalog.scheme(adapter).isPresent()
        ? Abstentions.noneInService(adapter)
        : Abstentions.undeclared(adapter, catalog);
  }

  /** Reviews apart: those that are abstained at once, and the queries of the others. */
  public static final class Tokenised {

    private final long beganNanos = System.nanoTime();

    /** What is answered without being scored. */
    private final @Nullable Answer[] early;

    /** What keeps one of them from being scored now. */
    private @Nullable Suspension suspension;

    private final List<Query> answers = new ArrayList<>();
    private final List<Query> shadows = new ArrayList<>();

    /** The review of each shadow's query. */
    private final List<Integer> shadowed = new ArrayList<>();

    private Tokenised(int size) {
      early = new Answer[size];
    }

    /** All that is to be scored, the shadows' queries last. */
    private List<Query> queries() {
      if (shadows.isEmpty()) {
        return answers;
      }
      List<Query> all = new ArrayList<>(answers);
      all.addAll(shadows);
      return all;
    }

    /** Puts the answers where the gaps are, and what shadows say beside them. */
    private List<Answer> merge(List<Answer> scored) {
      Answer[] all = new Answer[early.length];
      int next = 0;
      for (int i = 0; i < all.length; i++) {
        Answer known = early[i];
        all[i] = known != null ? known : scored.get(next++);
      }
      for (int review : shadowed) {
        // One that failed, or is out of service meanwhile, is left out: it is nobody's answer.
        if (scored.get(next++) instanceof Answer.Scored shadow
            && all[review] instanceof Answer.Scored answer) {
          all[review] = answer.withShadow(shadow);
        }
      }
      return List.copyOf(Arrays.asList(all));
    }
  }
}
