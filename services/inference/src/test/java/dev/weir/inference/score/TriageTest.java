package dev.weir.inference.score;

import static dev.weir.inference.score.TestingClients.classify;
import static dev.weir.inference.score.TestingTokenizer.text;
import static dev.weir.inference.slot.TestingAdapters.serve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.contract.text.TokenLimit;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.model.spec.ModelException;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class TriageTest {

  private static final List<String> TOPICS = List.of("sports", "politics", "arts");

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final Metrics metrics = new Metrics();
  private AdapterRegistry registry;
  private Classifier classifier;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(opener, 8);
    classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            new TestingTokenizer(),
            AdapterCatalog.parse("default=negative,positive;topic=sports,politics,arts"),
            new Classifier.Batching(2, 256, 4000),
            metrics.registry());
    classifier.start();
  }

  @AfterEach
  void close() {
    works();
    classifier.close();
    registry.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void modelThatFailsOnEverythingGivesNoTextUpAndAnswersThemAllOnceItWorks(boolean throwing)
      throws Exception {
    serve(registry, "default", 1);
    fails(throwing, slot -> true);
    CompletableFuture<List<Answer>> waiting =
        classify(classifier, Source.KAFKA, reviews("default", 2000));
    await().until(() -> classifier.status() instanceof Status.Down);
    assertThat(classifier.status().toString()).contains("default@1", "out of order since");
    assertThat(waiting).isNotDone();
    assertThatThrownBy(() -> ask("default", 3).get())
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(OutOfOrderException.class)
        .hasMessageContaining("default@1");
    works();
    assertThat(waiting.get()).hasSize(2000).allMatch(Answer.Scored.class::isInstance);
    await().until(() -> classifier.status() instanceof Status.Up);
    assertThat(ask("default", 3).get()).allMatch(Answer.Scored.class::isInstance);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void brokenAdapterStopsAloneAndCostsOthersFewRuns(boolean throwing) throws Exception {
    serve(registry, "default", 1);
    serve(registry, "topic", 1, TOPICS);
    int before = runs(() -> mixedLoad());
    int broken = slot("topic");
    fails(throwing, slot -> slot == broken);
    CompletableFuture<List<Answer>> stopped = new CompletableFuture<>();
    int during =
        runs(
            () -> {
              CompletableFuture<Boolean> unused =
                  classify(classifier, Source.KAFKA, reviews("topic", 100))
                      .thenApply(stopped::complete);
              assertThat(ask("default", 900).get()).allMatch(Answer.Scored.class::isInstance);
            });
    await().until(() -> classifier.status().toString().contains("topic@1"));
    assertThat(classifier.status()).isInstanceOf(Status.Up.class);
    assertThat(during).isLessThanOrEqualTo(2 * before);
    assertThat(stopped).isNotDone();
    works();
    assertThat(stopped.get()).hasSize(100).allMatch(Answer.Scored.class::isInstance);
  }

  @Test
  void versionThatServedBeforeTakesOverWhereItWorks() throws Exception {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    int broken = slot("default");
    fails(true, slot -> slot == broken);
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews("default", 50)).get();
    assertThat(answers)
        .hasSize(50)
        .allSatisfy(answer -> assertThat(((Answer.Scored) answer).id()).hasToString("default@1"));
    assertThat(registry.state().versions()).hasSize(1);
    assertThat(classifier.status()).isInstanceOf(Status.Up.class);
    assertThat(ask("default", 3).get()).allMatch(Answer.Scored.class::isInstance);
  }

  @Test
  void versionThatServedBeforeStaysOutWhenItDoesNotWorkEither() throws Exception {
    serve(registry, "default", 1);
    serve(registry, "default", 2);
    fails(true, slot -> true);
    CompletableFuture<List<Answer>> waiting =
        classify(classifier, Source.KAFKA, reviews("default", 50));
    await().until(() -> classifier.status() instanceof Status.Down);
    works();
    assertThat(waiting.get())
        .allSatisfy(answer -> assertThat(((Answer.Scored) answer).id()).hasToString("default@2"));
  }

  @Test
  void textsOfAVersionThatIsWithdrawnWhileItIsOutOfOrderWaitNoLonger() throws Exception {
    serve(registry, "default", 1);
    fails(true, slot -> true);
    CompletableFuture<List<Answer>> waiting =
        classify(classifier, Source.KAFKA, reviews("default", 5));
    await().until(() -> classifier.status() instanceof Status.Down);
    TestingAdapters.withdraw(registry, "default");
    assertThat(waiting.get()).hasSize(5).allMatch(Answer.Abstained.class::isInstance);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void onlyTheTextsThatFailAloneAndAgainAreGivenUp(boolean throwing) throws Exception {
    serve(registry, "default", 1);
    Set<Integer> unlucky = Set.of(13, 14, 37);
    opener.onScored(
        (tokens, slots, logits) -> {
          for (int row = 0; row < tokens.length; row++) {
            if (unlucky.contains(tokens[row][1])) {
              fail(throwing, logits[row]);
            }
          }
        });
    List<Review> reviews =
        IntStream.range(0, 90).mapToObj(i -> Review.of("r" + i, text(i, 3))).toList();
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews).get();
    for (int i = 0; i < 90; i++) {
      assertThat(answers.get(i))
          .isInstanceOf(unlucky.contains(i) ? Answer.Failed.class : Answer.Scored.class);
    }
    assertThat(classifier.status()).isEqualTo(new Status.Up("2 workers"));
  }

  /** What fails once, as for want of memory, is not the text's fault. */
  @Test
  void textThatFailsOnceIsAnswered() throws Exception {
    serve(registry, "default", 1);
    Set<Integer> failedOnce = new HashSet<>();
    opener.onScored(
        (tokens, slots, logits) -> {
          synchronized (failedOnce) {
            for (int[] row : tokens) {
              if (row[1] > 0 && failedOnce.add(row[1])) {
                throw new ModelException("inference-failed", "for once");
              }
            }
          }
        });
    for (int i = 1; i < 9; i++) {
      assertThat(
              classify(classifier, Source.KAFKA, List.of(Review.of("r", text(i, 3)))).get().get(0))
          .isInstanceOf(Answer.Scored.class);
    }
  }

  @Test
  void manyTextsThatFailInARowMakeTheVersionRest() throws Exception {
    serve(registry, "default", 1);
    opener.onScored(
        (tokens, slots, logits) -> {
          for (int[] row : tokens) {
            if (row[1] > 0) {
              throw new ModelException("inference-failed", "all but the test sentence");
            }
          }
        });
    List<Review> reviews =
        IntStream.range(0, 200).mapToObj(i -> Review.of("r" + i, text(7, 3))).toList();
    CompletableFuture<List<Answer>> waiting = classify(classifier, Source.KAFKA, reviews);
    await().until(() -> classifier.status().toString().contains("in a row failed"));
    assertThat(waiting).isNotDone();
    works();
    List<Answer> answers = waiting.get();
    assertThat(answers.stream().filter(Answer.Failed.class::isInstance).count())
        .isLessThanOrEqualTo(Triage.MOST_FAILED + 2L); // Two workers may be at it.
  }

  /** Else each time that a stream reads its partitions again there would be more of them. */
  @Test
  void textsThatAreReadAgainLeaveNothingBehindThatWaitsForTheVersion() throws Exception {
    serve(registry, "default", 1);
    fails(true, slot -> true);
    Caller dropped = Caller.kafka("reviews-0");
    CompletableFuture<List<Answer>> before =
        classifier
            .offer(dropped, classifier.tokenise(reviews("default", 50)), Duration.ofMinutes(1))
            .orElseThrow();
    await().until(() -> classifier.status() instanceof Status.Down);
    CompletableFuture<List<Answer>> again =
        classify(classifier, Source.KAFKA, reviews("default", 50));
    await().until(() -> depth() == 0);
    classifier.leave(dropped);
    await().until(before::isDone);
    assertThatThrownBy(before::get).hasCauseInstanceOf(CallerGoneException.class);
    assertThat(again).isNotDone();
    works();
    assertThat(again.get()).hasSize(50).allMatch(Answer.Scored.class::isInstance);
  }

  private double depth() {
    return metrics
        .registry()
        .get("weir.inference.queue.depth")
        .tag("path", "kafka")
        .gauge()
        .value();
  }

  /** A release with another token limit came while they waited. */
  @Test
  void textThatCannotBeTokenisedAnewCostsNoOtherItsAnswer() throws Exception {
    serve(registry, "default", 1);
    MeteredBatcher made =
        new MeteredBatcher(
            text -> {
              if (text.startsWith("13")) {
                throw new IllegalStateException("defect");
              }
            });
    CompletableFuture<List<Answer>> answers =
        made.offer(TokenLimit.of(7), "12 fine", "13 fine", "14 fine");
    made.batcher.start();
    assertThat(answers.get().get(0)).isInstanceOf(Answer.Scored.class);
    assertThat(((Answer.Failed) answers.get().get(1)).reason()).isEqualTo("internal-error");
    assertThat(answers.get().get(2)).isInstanceOf(Answer.Scored.class);
    made.batcher.close();
  }

  @Test
  void closingDoesNotWaitForAVersionThatIsOutOfOrder() throws Exception {
    serve(registry, "default", 1);
    fails(true, slot -> true);
    CompletableFuture<List<Answer>> waiting =
        classify(classifier, Source.KAFKA, reviews("default", 5));
    await().until(() -> classifier.status() instanceof Status.Down);
    classifier.close();
    assertThatThrownBy(waiting::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void tokeniserThatFailsOnOneTextCostsThatTextAlone() throws Exception {
    serve(registry, "default", 1);
    classifier.close();
    classifier = withTokenizer(text -> text.startsWith("13"));
    List<Review> reviews =
        IntStream.range(10, 20).mapToObj(i -> Review.of("r" + i, text(i, 3))).toList();
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews).get();
    assertThat(answers.get(3)).isInstanceOf(Answer.Failed.class);
    assertThat(((Answer.Failed) answers.get(3)).reason()).isEqualTo("internal-error");
    assertThat(answers.stream().filter(Answer.Scored.class::isInstance)).hasSize(9);
  }

  @Test
  void tokeniserThatFailsOnEverythingIsNoTextsFault() throws Exception {
    serve(registry, "default", 1);
    classifier.close();
    classifier = withTokenizer(text -> true);
    assertThatThrownBy(() -> classifier.tokenise(reviews("default", 2)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("every text");
  }

  private Classifier withTokenizer(Predicate<String> fails) {
    TestingTokenizer tokenizer = new TestingTokenizer();
    Classifier started =
        new Classifier(
            registry,
            new ServingPlans(),
            (text, limit) -> {
              if (fails.test(text)) {
                throw new IllegalStateException("defect");
              }
              return tokenizer.encode(text, limit);
            },
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(1, 256, 4000),
            new Metrics().registry());
    started.start();
    return started;
  }

  @Test
  @SuppressWarnings("try") // Closing is what is tried.
  void closingWaitsForAStuckScorerForAWhileOnly() throws Exception {
    serve(registry, "default", 1);
    CountDownLatch stuck = new CountDownLatch(1);
    opener.onRun(
        tokens -> {
          boolean interrupted = false;
          while (stuck.getCount() > 0) {
            try {
              stuck.await();
            } catch (InterruptedException e) {
              interrupted = true; // Native code does not hear it.
            }
          }
          if (interrupted) {
            Thread.currentThread().interrupt();
          }
        });
    MeteredBatcher made = new MeteredBatcher();
    made.batcher.start();
    CompletableFuture<List<Answer>> running = made.offer(1);
    CompletableFuture<List<Answer>> waiting = made.offer(3);
    made.batcher.close();
    assertThat(waiting).isCompletedExceptionally();
    assertThat(running).isNotDone();
    stuck.countDown();
    running.get();
  }

  /** A batcher of one worker that closes within half a second. */
  private final class MeteredBatcher {

    private final TestingTokenizer tokens = new TestingTokenizer();
    private final MicroBatcher batcher;

    MeteredBatcher() {
      this(text -> {});
    }

    MeteredBatcher(Consumer<String> tokenising) {
      Tokenizer tokenizer =
          (text, limit) -> {
            tokenising.accept(text);
            return tokens.encode(text, limit);
          };
      ScoreMeters meters = new ScoreMeters(new Metrics().registry(), registry);
      VersionRouter router = new VersionRouter(new ServingPlans());
      Triage triage = new Triage(registry, tokenizer, meters, Clock.systemUTC());
      batcher =
          new MicroBatcher(
              new BatchScorer(registry, router, tokenizer, triage, meters),
              triage,
              1,
              16,
              100,
              Duration.ofMillis(500));
    }

    CompletableFuture<List<Answer>> offer(int texts) {
      var limit = registry.state().adapter("default").orElseThrow().limit();
      int[] encoded = tokens.encode(text(1, 20), limit);
      List<Query> queries = new ArrayList<>();
      for (int i = 0; i < texts; i++) {
        queries.add(new Query("r", "1", "default", encoded, limit, null));
      }
      return batcher.offer(Caller.kafka("reviews-0"), queries).orElseThrow();
    }

    CompletableFuture<List<Answer>> offer(TokenLimit limit, String... texts) {
      List<Query> queries =
          Stream.of(texts)
              .map(text -> new Query("r", text, "default", tokens.encode(text, limit), limit, null))
              .toList();
      return batcher.offer(Caller.kafka("reviews-0"), queries).orElseThrow();
    }
  }

  private void mixedLoad() throws Exception {
    CompletableFuture<List<Answer>> topics =
        classify(classifier, Source.KAFKA, reviews("topic", 100));
    assertThat(ask("default", 900).get()).hasSize(900);
    assertThat(topics.get()).hasSize(100);
  }

  /** Something that may fail. */
  private interface Load {
    void run() throws Exception;
  }

  private int runs(Load load) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    opener.onRun(tokens -> runs.incrementAndGet());
    load.run();
    int count = runs.get();
    opener.onRun(tokens -> {});
    return count;
  }

  private int slot(String adapter) {
    return registry.state().adapter(adapter).orElseThrow().slot();
  }

  private void works() {
    opener.onScored((tokens, slots, logits) -> {});
  }

  private void fails(boolean throwing, IntPredicate slot) {
    opener.onScored(
        (tokens, slots, logits) -> {
          for (int row = 0; row < slots.length; row++) {
            if (slot.test(slots[row])) {
              fail(throwing, logits[row]);
            }
          }
        });
  }

  private static void fail(boolean throwing, float[] logits) {
    if (throwing) {
      throw new ModelException("inference-failed", "the device fell off the bus");
    }
    Arrays.fill(logits, Float.NaN);
  }

  private CompletableFuture<List<Answer>> ask(String adapter, int texts) {
    return classifier
        .tryClassify(Caller.http("test"), reviews(adapter, texts))
        .orElseThrow(() -> new AssertionError("the queue is full"));
  }

  private static List<Review> reviews(String adapter, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Review("r" + i, text(1, 10), adapter, null, Map.of()))
        .toList();
  }
}
