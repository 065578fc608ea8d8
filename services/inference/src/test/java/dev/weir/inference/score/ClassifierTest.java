package dev.weir.inference.score;

import static dev.weir.inference.score.TestingClients.classify;
import static dev.weir.inference.score.TestingTokenizer.number;
import static dev.weir.inference.score.TestingTokenizer.text;
import static dev.weir.inference.slot.TestingAdapters.serve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.UntilStopped;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ClassifierTest {

  private static final int WORKERS = 3;
  private static final int QUEUE = 1000;

  private final TestingTokenizer tokenizer = new TestingTokenizer();

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final Metrics metrics = new Metrics();
  private final ServingPlans plans = new ServingPlans();
  private AdapterRegistry registry;
  private Classifier classifier;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(opener, 8);
    classifier = classifier(WORKERS);
  }

  private Classifier classifier(int workers) {
    Classifier started =
        new Classifier(
            registry,
            plans,
            tokenizer,
            AdapterCatalog.parse("default=negative,positive;topic=sports,politics,arts"),
            new Classifier.Batching(workers, 512, QUEUE),
            metrics.registry());
    started.start();
    return started;
  }

  @AfterEach
  void close() {
    opener.onRun(tokens -> {});
    classifier.close();
    registry.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 33, 1000})
  void answersEveryTextInOrder(int count) throws Exception {
    serve(registry, "default", 1);
    Random random = new Random(count);
    List<Review> reviews =
        IntStream.range(0, count)
            .mapToObj(i -> Review.of("r" + i, text(i, random.nextInt(60))))
            .toList();
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews).get();
    assertThat(answers).hasSize(count);
    for (int i = 0; i < count; i++) {
      assertThat(number((Answer.Scored) answers.get(i))).isEqualTo(i + 1);
    }
  }

  @Test
  void eachOfManyThreadsGetsItsOwnAnswers() throws Exception {
    serve(registry, "default", 0 + 1);
    ExecutorService threads = Executors.newFixedThreadPool(64);
    AtomicInteger next = new AtomicInteger();
    Callable<Void> client =
        () -> {
          for (int id = next.getAndIncrement(); id < 1000; id = next.getAndIncrement()) {
            Source source = id % 2 == 0 ? Source.KAFKA : Source.HTTP;
            Review review = Review.of("r" + id, text(id, id % 50));
            Answer answer = classify(classifier, source, List.of(review)).get().get(0);
            assertThat(number((Answer.Scored) answer)).isEqualTo(id + 1);
          }
          return null;
        };
    List<Future<Void>> done = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      done.add(threads.submit(client));
    }
    for (Future<Void> each : done) {
      each.get();
    }
    threads.shutdown();
    assertThat(next.get()).isGreaterThanOrEqualTo(1000);
  }

  @Test
  void batchMixesAdaptersAndEachKeepsToItsLabels() throws Exception {
    serve(registry, "default", 7);
    serve(registry, "topic", 3, List.of("sports", "politics", "arts"));
    List<Answer> answers =
        classify(
                classifier,
                Source.HTTP,
                List.of(review("default"), review("topic"), review("default")))
            .get();
    assertThat(((Answer.Scored) answers.get(0)).scores()).containsOnlyKeys("negative", "positive");
    Answer.Scored topic = (Answer.Scored) answers.get(1);
    assertThat(topic.scores()).containsOnlyKeys("sports", "politics", "arts");
    assertThat(topic.scores().values().stream().mapToDouble(p -> p).sum())
        .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-12));
    assertThat(topic.id()).hasToString("topic@3");
    assertThat(((Answer.Scored) answers.get(2)).digest()).isEqualTo("digest-7");
  }

  @Test
  void abstainsWithoutAReleaseAndNamesTheRemedy() throws Exception {
    serve(registry, "topic", 1, List.of("sports", "politics", "arts"));
    List<Answer> answers =
        classify(
                classifier,
                Source.KAFKA,
                List.of(review("default"), review("topic"), review("other")))
            .get();
    assertThat(answers.get(0))
        .isEqualTo(
            new Answer.Abstained(
                "no-adapter",
                "no version of adapter 'default' is in service here: none was released yet, then"
                    + " produce labeled feedback to topic feedback; or it could not be loaded, then"
                    + " see its failure in /v1/adapters"));
    assertThat(answers.get(1)).isInstanceOf(Answer.Scored.class);
    assertThat(((Answer.Abstained) answers.get(2)).code()).isEqualTo("no-adapter");
    assertThat(((Answer.Abstained) answers.get(2)).message())
        .contains("'other'", "default, topic", "WEIR_ADAPTERS");
  }

  @Test
  void fullQueueRefusesTheWholeRequestAndDrainsAtClose() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = new Semaphore(0);
    opener.onRun(tokens -> gate.acquireUninterruptibly());
    List<CompletableFuture<List<Answer>>> accepted = new ArrayList<>();
    boolean refused = false;
    for (int i = 0; i < 8 && !refused; i++) {
      var offered = classifier.tryClassify(Caller.http("test"), reviews(400));
      offered.ifPresent(accepted::add);
      refused = offered.isEmpty();
    }
    assertThat(refused).isTrue();
    assertThat(accepted).hasSizeGreaterThanOrEqualTo(2);

    Thread closer = new Thread(classifier::close);
    closer.start();
    gate.release(100_000);
    closer.join();
    for (CompletableFuture<List<Answer>> each : accepted) {
      assertThat(each.get()).hasSize(400).allMatch(Answer.Scored.class::isInstance);
    }
    assertThatThrownBy(() -> classifier.tryClassify(Caller.http("test"), reviews(1)))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void floodOnOnePathDoesNotStarveTheOther() throws Exception {
    serve(registry, "default", 1);
    AtomicInteger runs = new AtomicInteger();
    Semaphore gate = new Semaphore(0);
    opener.onRun(
        tokens -> {
          gate.acquireUninterruptibly();
          runs.incrementAndGet();
        });
    CompletableFuture<List<Answer>> flood = classify(classifier, Source.KAFKA, reviews(1000));
    CompletableFuture<List<Answer>> single =
        classify(classifier, Source.HTTP, List.of(Review.of("x", text(5, 60))));
    int before = 0;
    while (!single.isDone()) {
      gate.release();
      before++;
      int granted = before;
      Awaitility.await().until(() -> runs.get() >= granted || flood.isDone());
      if (before > 4 * WORKERS) {
        break;
      }
    }
    single.get();
    assertThat(flood).isNotDone();
    gate.release(100_000);
    assertThat(flood.get()).hasSize(1000);
  }

  @Test
  void floodForOneAdapterDoesNotStarveAnother() throws Exception {
    serve(registry, "default", 1);
    serve(registry, "topic", 2, List.of("sports", "politics", "arts"));
    classifier.close();
    classifier = classifier(1); // So that batches run in the order in which they are picked.
    Semaphore gate = occupyWorkers(1);
    CompletableFuture<List<Answer>> flood = classify(classifier, Source.HTTP, reviews(QUEUE));
    CompletableFuture<List<Answer>> lone =
        classifier.tryClassify(Caller.http("test"), List.of(longReview("topic"))).orElseThrow();
    // The batch that occupies the worker, one of the flood, and then it is the other's turn.
    gate.release(3);
    assertThat(lone.get()).hasSize(1);
    assertThat(flood).isNotDone();
    gate.release(100_000);
    assertThat(flood.get()).hasSize(QUEUE);
  }

  @Test
  void fullQueueStillTakesALittleForOtherAdapters() throws Exception {
    serve(registry, "default", 1);
    serve(registry, "topic", 2, List.of("sports", "politics", "arts"));
    Semaphore gate = occupyWorkers(WORKERS);
    List<CompletableFuture<List<Answer>>> accepted = new ArrayList<>();
    accepted.add(classifier.tryClassify(Caller.http("test"), reviews(QUEUE)).orElseThrow());
    assertThat(classifier.tryClassify(Caller.http("test"), reviews(1))).isEmpty();
    int little = QUEUE / 16;
    for (int i = 0; i < little; i++) {
      accepted.add(
          classifier.tryClassify(Caller.http("test"), List.of(longReview("topic"))).orElseThrow());
    }
    assertThat(classifier.tryClassify(Caller.http("test"), List.of(longReview("topic")))).isEmpty();
    gate.release(100_000);
    for (CompletableFuture<List<Answer>> each : accepted) {
      assertThat(each.get()).isNotEmpty();
    }
  }

  @Test
  void loneTextOfAnotherClientGoesNextWhateverTheFirstHasWaiting() throws Exception {
    serve(registry, "default", 1);
    classifier.close();
    classifier = classifier(1); // So that batches run in the order in which they are picked.
    Semaphore gate = occupyWorkers(1);
    CompletableFuture<List<Answer>> flood = ask("bulk", reviews(QUEUE)).orElseThrow();
    CompletableFuture<List<Answer>> lone =
        ask("single", List.of(longReview("default"))).orElseThrow();
    // The batch that occupies the worker, one that the flood has already begun, and then it.
    gate.release(2);
    assertThat(lone.get()).hasSize(1);
    assertThat(flood).isNotDone();
    gate.release(100_000);
    assertThat(flood.get()).hasSize(QUEUE);
  }

  @Test
  void fullQueueRefusesTheClientThatFillsItAndTakesALittleOfOthers() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = occupyWorkers(WORKERS);
    List<CompletableFuture<List<Answer>>> accepted = new ArrayList<>();
    accepted.add(ask("bulk", reviews(QUEUE)).orElseThrow());
    assertThat(ask("bulk", reviews(1))).isEmpty();
    for (int i = 0; i < QUEUE / 4; i++) {
      accepted.add(ask("single-" + i % 100, reviews(1)).orElseThrow());
    }
    assertThat(ask("single-0", reviews(1))).isEmpty(); // There is an end to it.
    gate.release(100_000);
    for (CompletableFuture<List<Answer>> each : accepted) {
      assertThat(each.get()).isNotEmpty();
    }
  }

  /** Else a client whose requests are all refused would take the threads that parse from others. */
  @Test
  void textsThatAreRefusedAreNotTokenised() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = occupyWorkers(WORKERS);
    CompletableFuture<List<Answer>> accepted = ask("bulk", reviews(QUEUE)).orElseThrow();
    int before = tokenizer.encoded();
    for (int i = 0; i < 20; i++) {
      assertThat(ask("bulk", reviews(QUEUE))).isEmpty();
    }
    assertThat(tokenizer.encoded()).isEqualTo(before);
    gate.release(100_000);
    assertThat(accepted.get()).hasSize(QUEUE);
  }

  @Test
  void clientMayNotFillTheQueueWhileOthersWait() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = occupyWorkers(WORKERS);
    List<CompletableFuture<List<Answer>>> accepted = new ArrayList<>();
    accepted.add(ask("other", reviews(1)).orElseThrow());
    accepted.add(ask("bulk", reviews(QUEUE / 2)).orElseThrow());
    assertThat(ask("bulk", reviews(QUEUE / 4))).isEmpty();
    accepted.add(ask("third", reviews(QUEUE / 4)).orElseThrow());
    gate.release(100_000);
    for (CompletableFuture<List<Answer>> each : accepted) {
      assertThat(each.get()).isNotEmpty();
    }
  }

  @Test
  void textsOfClientsThatHaveGoneAreNotScored() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = occupyWorkers(WORKERS);
    List<Caller> callers = new ArrayList<>();
    List<CompletableFuture<List<Answer>>> toCome = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Caller caller = Caller.http("impatient");
      callers.add(caller);
      toCome.add(classifier.tryClassify(caller, reviews(QUEUE / 4)).orElseThrow());
    }
    CompletableFuture<List<Answer>> stays = ask("patient", reviews(3)).orElseThrow();
    callers.forEach(classifier::leave);
    assertThat(metrics.registry().get("weir.inference.queue.depth").tag("path", "http").gauge())
        .satisfies(depth -> assertThat(depth.value()).isEqualTo(3));
    assertThat(toCome).allMatch(CompletableFuture::isCompletedExceptionally);
    assertThat(classifier.tryClassify(callers.get(0), reviews(1)).orElseThrow())
        .isCompletedExceptionally();
    gate.release(100_000);
    assertThat(stays.get()).hasSize(3).allMatch(Answer.Scored.class::isInstance);
  }

  private Optional<CompletableFuture<List<Answer>>> ask(String client, List<Review> reviews) {
    return classifier.tryClassify(Caller.http(client), reviews);
  }

  @Test
  void answersGoBeforeShadowsOfWhatWasAnswered() throws Exception {
    shadowed();
    classifier.close();
    classifier = classifier(1); // So that batches run in the order in which they are picked.
    Semaphore gate = occupyWorkers(1);
    CompletableFuture<List<Optional<Answer.Scored>>> shadows = classifier.shadow(reviews(5));
    CompletableFuture<List<Answer>> later =
        classifier.tryClassify(Caller.http("test"), reviews(1)).orElseThrow();
    gate.release(2); // The batch that occupies the worker, and one more.
    assertThat(later.get()).hasSize(1);
    assertThat(shadows).isNotDone();
    gate.release(100_000);
    assertThat(shadows.get())
        .hasSize(5)
        .allSatisfy(said -> assertThat(said.orElseThrow().id().version()).isEqualTo(2));
  }

  @Test
  void oneWorkerIsKeptFreeOfShadows() throws Exception {
    shadowed();
    Semaphore gate = new Semaphore(0);
    List<Integer> entered = new CopyOnWriteArrayList<>();
    opener.onRun(
        tokens -> {
          entered.add(tokens[0][1]);
          gate.acquireUninterruptibly();
        });
    CompletableFuture<List<Optional<Answer.Scored>>> shadows =
        classifier.shadow(Collections.nCopies(100, longReview("default")));
    Awaitility.await().until(() -> entered.size() == WORKERS - 1);
    CompletableFuture<List<Answer>> answer =
        classifier
            .tryClassify(Caller.http("test"), List.of(Review.of("x", text(7, 60))))
            .orElseThrow();
    Awaitility.await().until(() -> entered.size() == WORKERS);
    assertThat(entered.get(WORKERS - 1)).isEqualTo(7);
    gate.release(100_000);
    assertThat(answer.get()).hasSize(1);
    assertThat(shadows.get()).hasSize(100).allMatch(Optional::isPresent);
  }

  private void shadowed() {
    serve(registry, "default", 1);
    TestingAdapters.serveBeside(registry, "default", 2);
    plans.put(ServingPlan.none("default").withShadow(new ServingPlan.Shadow(2, "digest-2")));
  }

  @Test
  void offerWaitsForRoomNoLongerThanItsPatience() throws Exception {
    serve(registry, "default", 1);
    Semaphore gate = new Semaphore(0);
    opener.onRun(tokens -> gate.acquireUninterruptibly());
    CompletableFuture<List<Answer>> first = classify(classifier, Source.KAFKA, reviews(QUEUE));
    Classifier.Tokenised more = classifier.tokenise(reviews(QUEUE));
    assertThat(classifier.offer(Caller.kafka("reviews-0"), more, Duration.ofMillis(20))).isEmpty();
    gate.release(100_000);
    assertThat(
            classifier
                .offer(Caller.kafka("reviews-0"), more, Duration.ofSeconds(20))
                .orElseThrow()
                .get())
        .hasSize(QUEUE);
    assertThat(first.get()).hasSize(QUEUE);
  }

  @Test
  void onlyTheTextThatFailsAloneFails() throws Exception {
    serve(registry, "default", 1);
    opener.onRun(
        tokens -> {
          for (int[] row : tokens) {
            if (row[1] == 13) {
              throw new IllegalArgumentException("unlucky");
            }
          }
        });
    List<Review> reviews =
        IntStream.range(0, 40).mapToObj(i -> Review.of("r" + i, text(i, 3))).toList();
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews).get();
    for (int i = 0; i < 40; i++) {
      assertThat(answers.get(i)).isInstanceOf(i == 13 ? Answer.Failed.class : Answer.Scored.class);
    }
    assertThat(classifier.status()).isInstanceOf(Status.Up.class);
  }

  @Test
  void brokenNativeSideAnswersWhatWaitsAndIsBeyondHelp() throws Exception {
    serve(registry, "default", 1);
    opener.onRun(
        tokens -> {
          throw new OutOfMemoryError("native");
        });
    List<Answer> answers = classify(classifier, Source.KAFKA, reviews(100)).get();
    assertThat(answers).hasSize(100).allMatch(Answer.Failed.class::isInstance);
    assertThat(classifier.status()).isInstanceOf(Status.Dead.class);
    assertThatThrownBy(() -> classify(classifier, Source.KAFKA, reviews(1)))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void swapsUnderLoadNeverMixVersions() throws Exception {
    serve(registry, "default", 1);
    UntilStopped clients =
        UntilStopped.start(4, client -> ask(client % 2 == 0 ? Source.KAFKA : Source.HTTP));
    for (int version = 2; version <= 300; version++) {
      serve(registry, "default", version);
      if (version % 100 == 0) {
        int slots = registry.state().layout().slots();
        for (int more = 0; more < slots; more++) {
          serve(registry, "x" + version + "-" + more, 1); // Grows the engine.
        }
      }
    }
    assertThat(clients.stop()).allSatisfy(rounds -> assertThat(rounds).isPositive());
  }

  private void ask(Source source) throws Exception {
    List<Answer> answers = classify(classifier, source, reviews(20)).get();
    assertThat(answers).hasSize(20);
    for (Answer answer : answers) {
      Answer.Scored scored = (Answer.Scored) answer;
      int version = scored.id().version();
      assertThat(number(scored)).isEqualTo(version);
      assertThat(scored.digest()).isEqualTo("digest-" + version);
    }
  }

  @Test
  void countsAnswersByPathAndResult() throws Exception {
    serve(registry, "default", 1);
    classify(classifier, Source.HTTP, List.of(review("default"), review("nobody"))).get();
    Map<String, Double> counts = Map.of("answered", 1.0, "abstained", 1.0);
    counts.forEach(
        (result, count) ->
            assertThat(
                    metrics
                        .registry()
                        .get("weir.inference.classifications")
                        .tags("path", "http", "result", result)
                        .counter()
                        .count())
                .isEqualTo(count));
    assertThat(metrics.scrape()).contains("weir_inference_latency_seconds_bucket{path=\"http\"");
  }

  @Test
  void closeBeforeAnythingCameEnds() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Thread closer =
        new Thread(
            () -> {
              classifier.close();
              closed.countDown();
            });
    closer.start();
    assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
  }

  private static Review review(String adapter) {
    return new Review("r", "0 fine", adapter, null, Map.of());
  }

  /** Has each worker wait inside a run of one text; each further run needs a permit, too. */
  private Semaphore occupyWorkers(int workers) throws InterruptedException {
    Semaphore gate = new Semaphore(0);
    AtomicInteger entered = new AtomicInteger();
    opener.onRun(
        tokens -> {
          entered.incrementAndGet();
          gate.acquireUninterruptibly();
        });
    for (int i = 1; i <= workers; i++) {
      CompletableFuture<List<Answer>> ignored = classify(classifier, Source.KAFKA, reviews(1));
      int expected = i;
      Awaitility.await().until(() -> entered.get() == expected);
    }
    return gate;
  }

  private static Review longReview(String adapter) {
    return new Review("long", text(0, 60), adapter, null, Map.of());
  }

  private static List<Review> reviews(int count) {
    return IntStream.range(0, count).mapToObj(i -> Review.of("r" + i, text(0, i % 40))).toList();
  }
}
