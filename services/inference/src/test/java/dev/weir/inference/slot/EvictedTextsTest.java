package dev.weir.inference.slot;

import static dev.weir.inference.slot.TestingAdapters.crown;
import static dev.weir.inference.slot.TestingAdapters.loaded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.service.ops.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Texts whose adapter is evicted: what they wait for, and who does not wait for them. */
@Timeout(60)
class EvictedTextsTest {

  private static final List<String> LABELS = List.of("negative", "positive");

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final TestingWeights weights = new TestingWeights();
  private final Metrics metrics = new Metrics();
  private final CountDownLatch storeAnswers = new CountDownLatch(1);
  private AdapterRegistry registry;
  private Classifier classifier;

  @BeforeEach
  void open() {
    registry =
        TestingAdapters.registry(
            opener, new SlotPolicy(2, 2, Set.of(), Duration.ofMinutes(1)), weights);
    classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            new TestingTokenizer(),
            AdapterCatalog.parse("*=negative,positive"),
            new Classifier.Batching(2, 512, 1000),
            metrics.registry());
    classifier.start();
    for (int i = 1; i <= 6; i++) {
      LoadedAdapter adapter = loaded("a" + i, i, LABELS);
      weights.disk.put(adapter.digest(), adapter);
      crown(registry, adapter);
    }
    weights.onFetch =
        version -> {
          try {
            storeAnswers.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
  }

  @AfterEach
  void close() {
    storeAnswers.countDown();
    classifier.close();
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
    metrics.close();
    assertThat(opener.violations()).isEmpty();
  }

  @Test
  void aBatchOfMoreAdaptersThanSlotsIsAnsweredWholeAndInOrder() throws Exception {
    List<Review> reviews = IntStream.range(0, 300).mapToObj(i -> review(1 + (i * 5) % 6)).toList();
    List<Answer> answers = classify(reviews).get(30, TimeUnit.SECONDS);
    assertThat(answers).hasSize(300);
    for (int i = 0; i < 300; i++) {
      assertThat(((Answer.Scored) answers.get(i)).id().adapter())
          .isEqualTo(reviews.get(i).adapter());
    }
  }

  @Test
  void adapterWhoseCopyIsLostHoldsUpNoOther() throws Exception {
    weights.lost.add("digest-1");
    weights.store.put("digest-1", loaded("a1", 1, LABELS));
    CompletableFuture<List<Answer>> waiting = classify(List.of(review(1), review(1)));
    for (int round = 0; round < 5; round++) {
      for (int i = 2; i <= 6; i++) {
        Answer answer = classify(List.of(review(i))).get(30, TimeUnit.SECONDS).get(0);
        assertThat(((Answer.Scored) answer).id().version()).isEqualTo(i);
      }
    }
    assertThat(waiting).isNotDone();
    storeAnswers.countDown();
    assertThat(waiting.get(30, TimeUnit.SECONDS))
        .hasSize(2)
        .allMatch(Answer.Scored.class::isInstance);
  }

  @Test
  void textsOfAnAdapterThatCannotBeLoadedAreAbstained() throws Exception {
    storeAnswers.countDown();
    weights.lost.add("digest-1");
    List<Answer> answers =
        classify(List.of(review(1), review(5), review(1))).get(30, TimeUnit.SECONDS);
    assertThat(answers.get(1)).isInstanceOf(Answer.Scored.class);
    for (int i : new int[] {0, 2}) {
      Answer.Abstained abstained = (Answer.Abstained) answers.get(i);
      assertThat(abstained.code()).isEqualTo("adapter-unavailable");
      assertThat(abstained.message()).contains("a1@1", "not in the store");
    }
  }

  @Test
  void textsThatWaitCountAsQueued() {
    weights.lost.add("digest-1");
    weights.store.put("digest-1", loaded("a1", 1, LABELS));
    List<Review> many = IntStream.range(0, 600).mapToObj(i -> review(1)).toList();
    CompletableFuture<List<Answer>> waiting = classify(many);
    await()
        .until(
            () ->
                metrics
                        .registry()
                        .get("weir.inference.queue.depth")
                        .tag("path", "http")
                        .gauge()
                        .value()
                    == 600);
    assertThat(classifier.tryClassify(Caller.http("test"), many)).isEmpty();
    assertThat(waiting).isNotDone();
  }

  @Test
  void closingAnswersWhatWaitsForALoad() throws Exception {
    weights.lost.add("digest-1");
    weights.store.put("digest-1", loaded("a1", 1, LABELS));
    CompletableFuture<List<Answer>> waiting = classify(List.of(review(1)));
    await().until(() -> weights.read.contains("a1@1"));
    CompletableFuture<Void> closed = CompletableFuture.runAsync(classifier::close);
    storeAnswers.countDown();
    closed.get(30, TimeUnit.SECONDS);
    assertThat(waiting).isDone();
    assertThat(waiting.get().get(0)).isInstanceOf(Answer.Scored.class);
  }

  private CompletableFuture<List<Answer>> classify(List<Review> reviews) {
    return classifier.tryClassify(Caller.http("test"), reviews).orElseThrow();
  }

  private static Review review(int adapter) {
    return new Review("r", "0 text", "a" + adapter, null, Map.of());
  }
}
