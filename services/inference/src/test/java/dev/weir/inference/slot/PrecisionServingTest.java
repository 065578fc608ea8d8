package dev.weir.inference.slot;

import static dev.weir.inference.TestingArtifacts.publish;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Review;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Release;
import dev.weir.inference.TestingArtifacts;
import dev.weir.inference.UntilStopped;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.ArtifactReader;
import dev.weir.inference.release.LocalCopies;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.release.Wanted;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.slot.ServingAdapter.Residence;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.MergedModel;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.service.ops.Metrics;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.testing.TestingAdapter;
import dev.weir.testing.TestingBaseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters in other sessions than the 32-bit slots': 8 bits, and merged, on ONNX Runtime. */
@Timeout(120)
class PrecisionServingTest {

  private static final LoraConfig LORA =
      new LoraConfig(4, 8, 0, Set.of(LinearModule.QUERY, LinearModule.VALUE));

  private static final String TEXT = "the plot was awful";

  @TempDir static Path shared;
  private static BaseModel base;
  private static int[] text;

  @TempDir Path root;
  private final Metrics metrics = new Metrics();
  private FileArtifactStore store;
  private AdapterRegistry registry;
  private AdapterLoader loader;

  @BeforeAll
  static void load() {
    base = BaseModel.load(TestingBaseModel.write(shared.resolve("base"), 1).toString());
    text = base.tokenizer().encode(TEXT, TestingArtifacts.LIMIT);
  }

  @AfterAll
  static void unload() {
    base.close();
  }

  @AfterEach
  void close() throws Exception {
    loader.close();
    assertThat(registry.lostSlots()).as("slots that nobody has").isZero();
    registry.close();
    metrics.close();
  }

  @Test
  void eachAdapterIsServedInWhatItsGateAllowed() throws Exception {
    serve(new PrecisionChoice(null, true), "");
    AdapterId exact = new AdapterId("exact", 1);
    AdapterId fast = new AdapterId("fast", 1);
    AdapterWeights weights = random(1);
    want(0, exact, publish(store, base, base.digest(), exact, weights, List.of("fp32"), false));
    await().until(loader::settled);
    assertThat(serving("exact").precision()).isEqualTo(Precision.FP32);
    want(
        1,
        fast,
        publish(store, base, base.digest(), fast, weights, List.of("fp32", "int8"), false));
    await().until(loader::settled);

    assertThat(serving("fast").precision()).isEqualTo(Precision.INT8);
    assertThat(serving("fast").precisionAllowed()).isTrue();
    assertThat(registry.state().precisions()).containsExactly(Precision.FP32, Precision.INT8);
    assertThat(registry.state().providers())
        .containsEntry(Precision.FP32, Set.of("CPUExecutionProvider"))
        .containsEntry(Precision.INT8, Set.of("CPUExecutionProvider"));
    assertThat(
            metrics
                .registry()
                .find("weir.inference.provider.info")
                .tag("provider", "CPUExecutionProvider")
                .tag("session", "slots")
                .gauges())
        .extracting(gauge -> gauge.getId().getTag("precision"))
        .containsExactlyInAnyOrder("fp32", "int8");
    try (Lease lease = TestingAdapters.lease(registry, "exact", "fast")) {
      float[][] logits =
          lease.run(
              new int[][] {text, text, text},
              List.of(lease.adapter("fast"), lease.adapter("exact"), lease.adapter("fast")));
      assertThat(logits[0]).containsExactly(logits[2], within(1e-6f));
      assertThat(logits[1]).containsExactly(logits[0], within(0.5f));
      assertThat(logits[1]).isNotEqualTo(logits[0]);
    }
  }

  @Test
  void whatAutoChoseAnswersATextAlikeInAnyCompany() throws Exception {
    serve(new PrecisionChoice(null, true), "");
    AdapterId fast = new AdapterId("fast", 1);
    want(
        0,
        fast,
        publish(store, base, base.digest(), fast, random(1), List.of("fp32", "int8"), false));
    await().until(loader::settled);
    assertThat(serving("fast").precision()).isEqualTo(Precision.INT8);
    Random seeded = new Random(7);
    int[][] texts =
        Stream.generate(
                () -> seeded.ints(3 + seeded.nextInt(50), 5, base.config().vocabSize()).toArray())
            .limit(200)
            .toArray(int[][]::new);
    try (Lease lease = TestingAdapters.lease(registry, "fast")) {
      ServingAdapter adapter = lease.adapter("fast");
      for (int i = 0; i < texts.length; i++) {
        double alone = probability(lease.run(new int[][] {texts[i]}, List.of(adapter))[0]);
        int[][] company = {
          texts[i], texts[(i + 1) % 200], texts[(i + 31) % 200], texts[(i + 77) % 200]
        };
        double together =
            probability(lease.run(company, List.of(adapter, adapter, adapter, adapter))[0]);
        assertThat(together).isCloseTo(alone, within(0.01));
        assertThat(together > 0.5).isEqualTo(alone > 0.5);
      }
    }
  }

  private static double probability(float[] logits) {
    return 1 / (1 + Math.exp(logits[0] - logits[1]));
  }

  @Test
  void releaseRecordMayNarrowWhatTheManifestAllowsAndNeverWidenIt() throws Exception {
    serve(new PrecisionChoice(null, true), "");
    AdapterId exact = new AdapterId("exact", 1);
    AdapterId fast = new AdapterId("fast", 1);
    AdapterWeights weights = TestingArtifacts.weights(base, "positive");
    String onlyExact = publish(store, base, base.digest(), exact, weights, List.of("fp32"), false);
    String both =
        publish(store, base, base.digest(), fast, weights, List.of("fp32", "int8"), false);
    want(0, exact, onlyExact, List.of("fp32", "int8"));
    want(1, fast, both, List.of("fp32", "int8"));
    await().until(loader::settled);
    assertThat(serving("exact").precision()).isEqualTo(Precision.FP32);
    assertThat(serving("fast").precision()).isEqualTo(Precision.INT8);

    AdapterId narrowed = new AdapterId("narrowed", 1);
    want(
        2,
        narrowed,
        publish(store, base, base.digest(), narrowed, weights, List.of("fp32", "int8"), false),
        List.of("fp32"));
    await().until(loader::settled);
    assertThat(serving("narrowed").precision()).isEqualTo(Precision.FP32);
  }

  private void want(long offset, AdapterId id, String digest, List<String> precisions) {
    Release release = TestingArtifacts.release(base, id, digest, precisions);
    loader.want(
        id.adapter(),
        Wanted.champion(TestingAdapters.at(offset), new WantedVersion(id, digest, release)));
  }

  @Test
  void textsOfOneBatchAreEachAnsweredInTheirAdaptersOwnPrecision() throws Exception {
    serve(new PrecisionChoice(null, true), "");
    AdapterWeights weights = random(1); // The same: whatever differs is the precision's doing.
    for (String name : List.of("exact", "fast")) {
      AdapterId id = new AdapterId(name, 1);
      List<String> allowed = name.equals("fast") ? List.of("fp32", "int8") : List.of("fp32");
      want(0, id, publish(store, base, base.digest(), id, weights, allowed, false));
    }
    await().until(() -> loader.settled() && registry.state().adapters().size() == 2);
    double exact = alone(weights, Precision.FP32);
    double fast = alone(weights, Precision.INT8);
    assertThat(exact).isNotCloseTo(fast, within(1e-5));

    List<Review> reviews =
        Stream.of("fast", "exact", "fast", "exact")
            .map(name -> new Review(name, TEXT, name, null, Map.of()))
            .toList();
    try (Classifier classifier =
        new Classifier(
            registry,
            new ServingPlans(),
            base.tokenizer()::encode,
            AdapterCatalog.parse("*=label-0,label-1"),
            new Classifier.Batching(1, 512, 1000),
            metrics.registry())) {
      classifier.start();
      List<Answer> answers =
          classifier
              .tryClassify(Caller.http("test"), reviews)
              .orElseThrow()
              .get(60, TimeUnit.SECONDS);
      assertThat(answers)
          .extracting(answer -> ((Answer.Scored) answer).probabilities().get(0))
          .satisfiesExactly(
              p -> assertThat(p).isCloseTo(fast, within(1e-6)),
              p -> assertThat(p).isCloseTo(exact, within(1e-6)),
              p -> assertThat(p).isCloseTo(fast, within(1e-6)),
              p -> assertThat(p).isCloseTo(exact, within(1e-6)));
    }
    assertThat(metrics.registry().get("weir.inference.batch.rows").summary().max())
        .as("all in one micro-batch")
        .isEqualTo(4);
  }

  /** The first label's probability in an encoder of its own. */
  private static double alone(AdapterWeights weights, Precision precision) {
    SlotLayout layout = new SlotLayout(1, 4, 2, LORA.targets());
    try (SlotEncoder encoder = SlotEncoder.open(base, layout, precision, 1)) {
      encoder.write(0, weights);
      float[] logits = encoder.run(new int[][] {text}, new int[] {0}).logits()[0];
      return 1 / (1 + Math.exp(logits[1] - logits[0]));
    }
  }

  @Test
  void sessionOfAPrecisionIsOpenedOnlyWhenAnAdapterNeedsIt() {
    serve(new PrecisionChoice(null, false), "");
    AdapterId id = new AdapterId("default", 1);
    want(0, id, publish(store, base, base.digest(), id, random(1), List.of("fp32", "int8"), false));
    await().until(loader::settled);
    assertThat(serving("default").precision()).isEqualTo(Precision.FP32);
    assertThat(registry.state().precisions()).containsExactly(Precision.FP32);
  }

  @Test
  void forcedPrecisionThatTheGateDidNotAllowIsSaidSo() {
    serve(new PrecisionChoice(Precision.INT8, true), "");
    AdapterId id = new AdapterId("default", 1);
    want(0, id, publish(store, base, base.digest(), id, random(1), List.of("fp32"), false));
    await().until(loader::settled);
    assertThat(serving("default").precision()).isEqualTo(Precision.INT8);
    assertThat(serving("default").precisionAllowed()).isFalse();
    assertThat(registry.state().precisions()).containsExactly(Precision.INT8);
  }

  @Test
  void mergedAdapterAnswersAsInASlotAndSwapsUnderLoad() throws Exception {
    serve(new PrecisionChoice(null, false), "merged");
    List<AdapterWeights> weights = List.of(random(1), random(2), random(3));
    List<float[]> expected = new ArrayList<>();
    for (int i = 0; i < 3; i++) { // Their logits in slots.
      AdapterId id = new AdapterId("slot" + i, 1);
      want(i, id, publish(store, base, base.digest(), id, weights.get(i), List.of(), false));
      await().until(loader::settled);
      expected.add(logits("slot" + i));
    }
    release(10, 1, weights);
    await().until(loader::settled);
    assertThat(serving("merged").residence()).isEqualTo(Residence.MERGED);
    assertThat(serving("merged").slot()).isNegative();
    assertThat(registry.state().mergedProviders())
        .containsOnly(Map.entry(Precision.FP32, Set.of("CPUExecutionProvider")));
    assertThat(mergedProviders()).containsExactly("fp32 CPUExecutionProvider");

    UntilStopped scorers = UntilStopped.start(3, scorer -> run(expected));
    for (int swap = 0; swap < 12; swap++) {
      release(20 + swap, 1 + swap % 3, weights);
      await().until(loader::settled);
    }
    assertThat(scorers.stop()).allSatisfy(runs -> assertThat(runs).isPositive());
    assertThat(loader.failures()).isEmpty();

    // Its series ends with it.
    loader.want("merged", new Wanted(TestingAdapters.at(100), null, List.of()));
    await().until(() -> registry.state().adapter("merged").isEmpty());
    assertThat(mergedProviders()).isEmpty();
  }

  private List<String> mergedProviders() {
    return metrics
        .registry()
        .find("weir.inference.provider.info")
        .tag("session", "merged")
        .gauges()
        .stream()
        .map(gauge -> gauge.getId().getTag("precision") + " " + gauge.getId().getTag("provider"))
        .toList();
  }

  @Test
  void damagedMergedModelKeepsTheOldOneServing() throws Exception {
    serve(new PrecisionChoice(null, false), "merged");
    List<AdapterWeights> weights = List.of(random(1), random(2));
    release(0, 1, weights);
    await().until(loader::settled);
    AdapterId two = new AdapterId("merged", 2);
    String digest = publish(store, base, base.digest(), two, weights.get(1), List.of(), true);
    Files.writeString(
        root.resolve("store/merged/2").resolve(MergedModel.FILE), "x", StandardOpenOption.APPEND);
    want(1, two, digest);
    await().until(loader::settled);
    assertThat(loader.failures().get(two).reason()).isEqualTo("checksum-mismatch");
    assertThat(serving("merged").id().version()).isEqualTo(1);

    AdapterId three = new AdapterId("merged", 3);
    want(2, three, publish(store, base, base.digest(), three, weights.get(1), List.of(), false));
    await().until(loader::settled);
    assertThat(loader.failures().get(three).reason()).isEqualTo("merged-model-missing");
    assertThat(serving("merged").id().version()).isEqualTo(1);
  }

  private void release(long offset, int version, List<AdapterWeights> weights) {
    AdapterId id = new AdapterId("merged", version);
    AdapterWeights numbers = weights.get(version - 1);
    want(offset, id, publish(store, base, base.digest(), id, numbers, List.of(), true));
  }

  private void run(List<float[]> expected) {
    try (Lease lease = TestingAdapters.lease(registry, "merged", "slot0")) {
      ServingAdapter merged = lease.adapter("merged");
      float[][] logits =
          lease.run(new int[][] {text, text}, List.of(merged, lease.adapter("slot0")));
      assertThat(logits[0]).containsExactly(expected.get(merged.id().version() - 1), within(1e-3f));
      assertThat(logits[1]).containsExactly(expected.get(0), within(1e-3f));
    }
  }

  private float[] logits(String adapter) {
    try (Lease lease = TestingAdapters.lease(registry, adapter)) {
      return lease.run(new int[][] {text}, List.of(lease.adapter(adapter)))[0];
    }
  }

  private void serve(PrecisionChoice precision, String merged) {
    store = new FileArtifactStore(root.resolve("store"));
    LocalCopies copies = TestingAdapters.copies(root);
    ArtifactReader reader = TestingAdapters.reader(store, base, copies, precision, merged);
    registry =
        new AdapterRegistry(
            OnnxSlotTable.over(base, 1 << 28, OnnxDevice.CPU),
            new SlotPolicy(2, 64, Set.of(), Duration.ofMinutes(1)),
            reader,
            reader.precision(),
            text,
            metrics.registry(),
            Clock.systemUTC());
    copies.open(registry::digests);
    registry.start();
    loader = new AdapterLoader(reader, registry, metrics.registry(), Clock.systemUTC());
  }

  private void want(long offset, AdapterId id, String digest) {
    loader.want(
        id.adapter(),
        Wanted.champion(TestingAdapters.at(offset), new WantedVersion(id, digest, null)));
  }

  private ServingAdapter serving(String adapter) {
    return registry.state().adapter(adapter).orElseThrow();
  }

  private static AdapterWeights random(long seed) {
    return TestingAdapter.random(base.config(), LORA, 2, seed);
  }
}
