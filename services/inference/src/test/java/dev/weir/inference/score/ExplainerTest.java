package dev.weir.inference.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExplainerTest {

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final TestingTokenizer tokenizer = new TestingTokenizer();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final ExecutorService tokenizing = Executors.newFixedThreadPool(2);
  private AdapterRegistry registry;
  private Classifier classifier;
  private Explainer explainer;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(opener, 4);
    classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            tokenizer,
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(1, 512, 1000),
            meters);
    classifier.start();
    explainer = new Explainer(classifier, tokenizing);
  }

  @AfterEach
  void close() {
    classifier.close();
    registry.close();
    tokenizing.shutdownNow();
    assertThat(opener.violations()).isEmpty();
  }

  @Test
  void theWordThatDecidesHasTheScore() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    // The first word is a number and adds that many hundredths to the first label's logit.
    Explanation explanation = explain("300 fine words").orElseThrow();
    assertThat(((Answer.Scored) explanation.answer()).label()).isEqualTo("negative");
    assertThat(explanation.words()).hasSize(3);
    assertThat(explanation.words().get(0).score()).isCloseTo(3, withinHundredth());
    assertThat(explanation.words().get(1).score()).isCloseTo(0, withinHundredth());
    assertThat(explanation.words().get(0).start()).isZero();
    assertThat(explanation.words().get(0).end()).isEqualTo(3);
  }

  @Test
  void anExplanationCountsAsOneClassificationAndTellsItsCost() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    assertThat(explain("1" + " word".repeat(200))).isPresent();
    assertThat(meters.find("weir.inference.classifications").counters())
        .extracting(Counter::count)
        .containsOnlyOnce(1.0)
        .containsOnly(0.0, 1.0);
    double runs = meters.get("weir.inference.explanation.runs").summary().totalAmount();
    assertThat(runs).isEqualTo(tokenizer.encoded()).isLessThanOrEqualTo(Explainer.MAX_SPANS + 1);
  }

  @Test
  void othersNeverWaitBehindAllOfAnExplanation() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    AtomicInteger deepest = new AtomicInteger();
    opener.onRun(
        tokens -> {
          double depth =
              meters.get("weir.inference.queue.depth").tag("path", "http").gauge().value();
          deepest.accumulateAndGet((int) depth + tokens.length, Math::max);
        });
    assertThat(explain("1" + " word".repeat(200))).isPresent();
    assertThat(deepest.get()).isBetween(1, 16);
  }

  @Test
  void aReleaseInBetweenBeginsAgainWithTheNewVersion() throws Exception {
    TestingAdapters.serve(registry, "default", 1);
    AtomicInteger runs = new AtomicInteger();
    opener.onRun(
        tokens -> {
          // Between the whole text and the shortened ones; the probe of the release runs here too.
          if (runs.incrementAndGet() == 1) {
            Thread release = new Thread(() -> TestingAdapters.serve(registry, "default", 2));
            release.start();
            await(release);
          }
        });
    Explanation explanation = explain("300 fine words").orElseThrow();
    assertThat(((Answer.Scored) explanation.answer()).id().version()).isEqualTo(2);
    assertThat(explanation.words()).hasSize(3);
  }

  @Test
  void releasesWithoutEndAreReported() {
    TestingAdapters.serve(registry, "default", 1);
    AtomicInteger version = new AtomicInteger(1);
    opener.onRun(
        tokens -> {
          if (Thread.currentThread().getName().startsWith("scorer")) {
            Thread release =
                new Thread(
                    () -> TestingAdapters.serve(registry, "default", version.incrementAndGet()));
            release.start();
            await(release);
          }
        });
    assertThatThrownBy(() -> explain("300 fine words"))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(VersionChangedException.class)
        .hasMessageContaining("default");
    assertThatThrownBy(
            () ->
                new OneVersion(classifier, tokenizing)
                    .classify(
                        Caller.http("test"),
                        IntStream.range(0, 40)
                            .mapToObj(i -> Review.of("r" + i, TestingTokenizer.text(i, 3 * i)))
                            .toList())
                    .get())
        .hasCauseInstanceOf(VersionChangedException.class);
  }

  @Test
  void abstentionsHaveNoWordsAndAreOfOneVersion() throws Exception {
    assertThat(explain("nobody serves").orElseThrow().words()).isEmpty();
    assertThat(
            new OneVersion(classifier, tokenizing)
                .classify(Caller.http("test"), List.of(Review.of("r", "nobody serves")))
                .get())
        .isPresent();
  }

  private Optional<Explanation> explain(String text) throws Exception {
    return explainer.explain(Caller.http("test"), Review.of("r", text)).get();
  }

  private static Offset<Double> withinHundredth() {
    return within(0.01);
  }

  private static void await(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
