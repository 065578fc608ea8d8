package dev.weir.inference.slot;

import static dev.weir.inference.TestingArtifacts.LIMIT;
import static dev.weir.inference.score.TestingClients.classify;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.inference.TestingArtifacts;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.ArtifactReader;
import dev.weir.inference.release.LocalCopies;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.release.TestingStore;
import dev.weir.inference.release.Wanted;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Source;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Far more adapters than slots, on ONNX Runtime and a store of files. */
@Timeout(900)
class ManyAdaptersTest {

  private static final int ADAPTERS = 1000;
  private static final int SLOTS = 24;
  private static final int CLIENTS = 4;
  private static final Set<LinearModule> TARGETS = Set.of(LinearModule.QUERY, LinearModule.VALUE);
  private static final Duration SOON = Duration.ofMinutes(8);
  private static final String TEXT = "the plot was awful and the actor is not very good";

  @TempDir Path directory;
  private final Metrics metrics = new Metrics();
  private BaseModel base;
  private TestingStore store;
  private AdapterRegistry registry;
  private AdapterLoader loader;
  private Classifier classifier;

  @BeforeEach
  void open() {
    base = BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
    store = new TestingStore(new FileArtifactStore(directory.resolve("store")));
    LocalCopies copies = TestingAdapters.copies(directory);
    ArtifactReader reader =
        TestingAdapters.reader(store, base, copies, new PrecisionChoice(null, true), "");
    registry =
        new AdapterRegistry(
            OnnxSlotTable.over(base, 1 << 28, OnnxDevice.CPU),
            new SlotPolicy(4, SLOTS, Set.of("a-0"), Duration.ofMinutes(1)),
            reader,
            reader.precision(),
            base.tokenizer().encode("good film", 32),
            metrics.registry(),
            Clock.systemUTC());
    copies.open(registry::digests);
    registry.start();
    loader = new AdapterLoader(reader, registry, metrics.registry(), Clock.systemUTC());
    classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            base.tokenizer()::encode,
            AdapterCatalog.parse("*=label-0,label-1"),
            new Classifier.Batching(2, 512, 1000),
            metrics.registry());
    classifier.start();
  }

  @AfterEach
  void close() {
    classifier.close();
    loader.close();
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
    base.close();
    metrics.close();
  }

  @Test
  void eachOfAThousandAnswersForItselfWhileTheStoreIsDownAndSlotsAreFew() throws Exception {
    List<AdapterWeights> weights =
        IntStream.range(0, ADAPTERS).mapToObj(i -> weights(i, i)).toList();
    List<String> digests =
        IntStream.range(0, ADAPTERS)
            .parallel()
            .mapToObj(
                i -> TestingArtifacts.publish(store, base, base.digest(), id(i, 1), weights.get(i)))
            .toList();
    for (int i = 0; i < ADAPTERS; i++) {
      loader.want(id(i, 1).adapter(), wanted(i, id(i, 1), digests.get(i)));
    }
    await().atMost(SOON).until(loader::settled);
    assertThat(loader.failures()).isEmpty();
    assertThat(registry.state().versions()).hasSize(ADAPTERS);
    assertThat(registry.state().layout().slots()).isEqualTo(SLOTS);
    assertThat(registry.state().layout().rank()).isEqualTo(8);

    store.failures.set(Integer.MAX_VALUE); // From here on nothing may need it.
    List<Double> expected = expected(weights);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    List<Future<Integer>> done = new ArrayList<>();
    for (int client = 0; client < CLIENTS; client++) {
      Random random = new Random(client);
      done.add(clients.submit(() -> ask(random, expected)));
    }
    for (Future<Integer> each : done) {
      assertThat(each.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(600);
    }
    clients.shutdown();
    assertThat(registry.pageFailures()).isEmpty();
    assertThat(metrics.registry().counter("weir.inference.evictions").count()).isPositive();
    assertThat(shown()).isNotEmpty().isSubsetOf(inMemory());
    assertThat(versions("loaded")).isEqualTo(SLOTS);
    assertThat(versions("evicted")).isEqualTo(ADAPTERS - SLOTS);
    assertThat(registry.state().adapter("a-0").orElseThrow().residence())
        .isEqualTo(ServingAdapter.Residence.LOADED);
  }

  @Test
  void releasesAndEvictionsAtOnceMixNoAnswers() throws Exception {
    int adapters = 60;
    int versions = 4;
    List<List<Double>> expected = new ArrayList<>();
    List<List<String>> digests = new ArrayList<>();
    for (int version = 1; version <= versions; version++) {
      int seed = version * 1000;
      List<AdapterWeights> weights =
          IntStream.range(0, adapters).mapToObj(i -> weights(i, seed + i)).toList();
      int at = version;
      digests.add(
          IntStream.range(0, adapters)
              .mapToObj(
                  i ->
                      TestingArtifacts.publish(
                          store, base, base.digest(), id(i, at), weights.get(i)))
              .toList());
      expected.add(expected(weights));
    }
    release(1, digests.get(0));
    await().atMost(SOON).until(loader::settled);

    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    List<Future<Integer>> done = new ArrayList<>();
    for (int client = 0; client < CLIENTS; client++) {
      Random random = new Random(client);
      done.add(
          clients.submit(
              () -> {
                int answers = 0;
                for (; answers < 300; answers++) {
                  int i = random.nextInt(adapters);
                  Answer.Scored answer = scored(List.of(review(i))).get(0);
                  assertThat(answer.id().adapter()).isEqualTo("a-" + i);
                  int version = answer.id().version();
                  assertThat(answer.digest()).isEqualTo(digests.get(version - 1).get(i));
                  assertThat(answer.probabilities().get(0))
                      .isCloseTo(expected.get(version - 1).get(i), within(1e-4));
                }
                return answers;
              }));
    }
    for (int version = 2; version <= versions; version++) {
      release(version, digests.get(version - 1));
    }
    for (Future<Integer> each : done) {
      assertThat(each.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(300);
    }
    clients.shutdown();
    await().atMost(SOON).until(loader::settled);
    assertThat(loader.failures()).isEmpty();
    assertThat(registry.state().versions()).hasSize(adapters);
    assertThat(registry.state().adapters().values())
        .allMatch(serving -> serving.id().version() == versions);
    assertThat(shown()).isSubsetOf(inMemory());
  }

  /** The versions that have a series of their own. */
  private Set<String> shown() {
    return Stream.of("weir.inference.answers", "weir.inference.confidence")
        .flatMap(name -> metrics.registry().find(name).meters().stream())
        .map(meter -> meter.getId().getTag("adapter") + "@" + meter.getId().getTag("version"))
        .collect(Collectors.toSet());
  }

  private Set<String> inMemory() {
    return registry.state().versions().stream()
        .filter(version -> version.residence() != ServingAdapter.Residence.EVICTED)
        .map(version -> version.id().toString())
        .collect(Collectors.toSet());
  }

  private double versions(String state) {
    return metrics.registry().get("weir.inference.versions").tag("state", state).gauge().value();
  }

  private void release(int version, List<String> digests) {
    for (int i = 0; i < digests.size(); i++) {
      AdapterId id = id(i, version);
      loader.want(id.adapter(), wanted(version * 10_000 + i, id, digests.get(i)));
    }
  }

  private int ask(Random random, List<Double> expected) throws Exception {
    int answered = 0;
    while (answered < 600) {
      // A third goes to the pinned one, so that batches mix what is loaded with what is not.
      int[] asked =
          IntStream.range(0, 12)
              .map(i -> random.nextInt(3) == 0 ? 0 : random.nextInt(ADAPTERS))
              .toArray();
      List<Answer.Scored> answers =
          scored(IntStream.of(asked).mapToObj(ManyAdaptersTest::review).toList());
      assertThat(answers).hasSize(asked.length);
      for (int i = 0; i < asked.length; i++) {
        assertThat(answers.get(i).id()).isEqualTo(id(asked[i], 1));
        assertThat(answers.get(i).probabilities().get(0))
            .isCloseTo(expected.get(asked[i]), within(1e-4));
      }
      answered += asked.length;
    }
    return answered;
  }

  private List<Answer.Scored> scored(List<Review> reviews) throws Exception {
    return classify(classifier, Source.HTTP, reviews)
        .get(SOON.toSeconds(), TimeUnit.SECONDS)
        .stream()
        .map(
            answer -> {
              assertThat(answer).isInstanceOf(Answer.Scored.class);
              return (Answer.Scored) answer;
            })
        .toList();
  }

  /** The first label's probability by adapter, each computed alone in an encoder of its own. */
  private List<Double> expected(List<AdapterWeights> weights) {
    int[] tokens = base.tokenizer().encode(TEXT, LIMIT);
    List<Double> probabilities = new ArrayList<>();
    SlotLayout layout = new SlotLayout(1, 8, 2, TARGETS);
    try (SlotEncoder encoder = SlotEncoder.open(base, layout, Precision.FP32, 1)) {
      for (AdapterWeights each : weights) {
        encoder.write(0, each);
        float[] logits = encoder.run(new int[][] {tokens}, new int[] {0}).logits()[0];
        probabilities.add(1 / (1 + Math.exp(logits[1] - logits[0])));
      }
    }
    return probabilities;
  }

  private AdapterWeights weights(int adapter, long seed) {
    int rank = adapter % 9;
    LoraConfig lora = rank == 0 ? LoraConfig.NONE : new LoraConfig(rank, 16, 0, TARGETS);
    return TestingAdapter.random(base.config(), lora, 2, seed);
  }

  private static Wanted wanted(long offset, AdapterId id, String digest) {
    return Wanted.champion(TestingAdapters.at(offset), new WantedVersion(id, digest, null));
  }

  private static AdapterId id(int adapter, int version) {
    return new AdapterId("a-" + adapter, version);
  }

  private static Review review(int adapter) {
    return new Review("r-" + adapter, TEXT, "a-" + adapter, null, Map.of());
  }
}
