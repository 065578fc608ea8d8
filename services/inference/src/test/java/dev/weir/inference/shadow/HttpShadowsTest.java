package dev.weir.inference.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.TestingTokenizer;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.TestingAdapters;
import dev.weir.inference.slot.TestingSlotTable;
import dev.weir.service.ops.Metrics;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpShadowsTest {

  private final TestingSlotTable.Opener opener = new TestingSlotTable.Opener();
  private final Metrics metrics = new Metrics();
  private final ServingPlans plans = new ServingPlans();
  private final AtomicInteger opened = new AtomicInteger();
  private final MockProducer<byte[], byte[]> kafka =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private AdapterRegistry registry;
  private Classifier classifier;
  private HttpShadows shadows;

  @BeforeEach
  void open() {
    registry = TestingAdapters.registry(opener, 4);
    TestingAdapters.serve(registry, "default", 1);
    TestingAdapters.serveBeside(registry, "default", 2);
    classifier =
        new Classifier(
            registry,
            plans,
            new TestingTokenizer(),
            AdapterCatalog.SENTIMENT,
            new Classifier.Batching(2, 512, 1000),
            metrics.registry());
    classifier.start();
    shadows =
        new HttpShadows(
            () -> {
              opened.incrementAndGet();
              return kafka;
            },
            "shadows",
            classifier,
            "base",
            metrics.registry(),
            Clock.systemUTC());
  }

  @AfterEach
  void close() {
    opener.onRun(tokens -> {});
    shadows.close();
    classifier.close();
    registry.close();
    metrics.close();
  }

  @Test
  void writesWhatTheShadowSaysUnderTheReviewsId() {
    shadowedBy(2);
    Review nameless = new Review("", "0 fine", "default", null, Map.of());
    Review elsewhere = new Review("e", "0 fine", "topic", null, Map.of());
    shadows.offer(
        List.of(Review.of("one", "0 fine"), nameless, elsewhere),
        Collections.nCopies(3, answered()));

    await().until(() -> kafka.history().size() == 2);
    Classification said = EventJson.read(kafka.history().get(0).value(), Classification.class);
    assertThat(kafka.history().get(0).topic()).isEqualTo("shadows");
    assertThat(new String(kafka.history().get(0).key(), StandardCharsets.UTF_8)).isEqualTo("one");
    assertThat(said.reviewId()).isEqualTo("one");
    assertThat(said.version()).isEqualTo(2);
    assertThat(said.adapterDigest()).isEqualTo("digest-2");
    assertThat(said.baseDigest()).isEqualTo("base");
    assertThat(said.label()).isEqualTo("negative");
    assertThat(said.input()).isNull();
    assertThat(new String(kafka.history().get(1).key(), StandardCharsets.UTF_8))
        .as("sha-256 of the text")
        .matches("#[0-9a-f]{64}");
    await().until(() -> count("scored") == 2);
    assertThat(count("left-out") + count("dropped")).isZero();
  }

  @Test
  void whatNobodyAnsweredIsNotScored() {
    shadowedBy(2);
    shadows.offer(
        List.of(Review.of("one", "0 fine"), Review.of("two", "0 fine")),
        List.of(new Answer.Abstained("no-adapter", "none"), answered()));
    await().until(() -> count("scored") == 1);
    assertThat(new String(kafka.history().get(0).key(), StandardCharsets.UTF_8)).isEqualTo("two");
  }

  @Test
  void dropsAndCountsWhatThereIsNoTimeFor() {
    shadowedBy(2);
    Semaphore gate = new Semaphore(0);
    opener.onRun(tokens -> gate.acquireUninterruptibly());
    int given = 2 * HttpShadows.PENDING;
    List<Review> reviews =
        IntStream.range(0, given).mapToObj(i -> Review.of("r" + i, "0 fine")).toList();

    shadows.offer(reviews, Collections.nCopies(given, answered()));

    assertThat(count("dropped")).isBetween(1.0, (double) HttpShadows.PENDING);
    gate.release(100_000);
    await().until(() -> count("scored") + count("dropped") == given);
    assertThat(kafka.history()).hasSize((int) count("scored"));
  }

  @Test
  void countsWhatKafkaDoesNotTake() {
    shadowedBy(2);
    kafka.sendException = new KafkaException("away");
    shadows.offer(List.of(Review.of("one", "0 fine")), List.of(answered()));
    await().until(() -> count("dropped") == 1);

    kafka.sendException = null;
    shadows.offer(List.of(Review.of("two", "0 fine")), List.of(answered()));
    await().until(() -> count("scored") == 1);
  }

  @Test
  void opensNoProducerWithoutAShadow() {
    shadows.offer(List.of(Review.of("one", "0 fine")), List.of(answered()));
    shadowedBy(7); // Which is not in service here.
    shadows.offer(List.of(Review.of("one", "0 fine")), List.of(answered()));
    shadows.close();
    assertThat(opened).hasValue(0);
    assertThat(count("scored") + count("left-out") + count("dropped")).isZero();
  }

  private void shadowedBy(int version) {
    plans.put(
        ServingPlan.none("default")
            .withShadow(new ServingPlan.Shadow(version, "digest-" + version)));
  }

  private static Answer answered() {
    return new Answer.Scored(
        new AdapterId("default", 1),
        "digest-1",
        List.of("negative", "positive"),
        List.of(0.9, 0.1),
        0,
        null);
  }

  private double count(String result) {
    return metrics
        .registry()
        .get("weir.inference.shadow.classifications")
        .tag("result", result)
        .counter()
        .count();
  }
}
