package dev.weir.inference.adapter;

import static dev.weir.inference.TestingArtifacts.publish;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.model.BaseModel;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.MergedModel;
import dev.weir.common.model.Precision;
import dev.weir.common.ops.Metrics;
import dev.weir.common.store.FileArtifactStore;
import dev.weir.inference.TestingArtifacts;
import dev.weir.inference.UntilStopped;
import dev.weir.inference.adapter.ServingAdapter.Residence;
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
import java.util.Set;
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
    text = base.tokenizer().encode("the plot was awful", TestingArtifacts.LIMIT);
  }

  @AfterAll
  static void unload() {
    base.close();
  }

  @AfterEach
  void close() throws Exception {
    loader.close();
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
    try (Lease lease = registry.lease(Set.of("exact", "fast"))) {
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
    loader.want("merged", new Wanted(100, null, List.of()));
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
    try (Lease lease = registry.lease(Set.of("merged", "slot0"))) {
      ServingAdapter merged = lease.adapter("merged");
      float[][] logits =
          lease.run(new int[][] {text, text}, List.of(merged, lease.adapter("slot0")));
      assertThat(logits[0]).containsExactly(expected.get(merged.id().version() - 1), within(1e-3f));
      assertThat(logits[1]).containsExactly(expected.get(0), within(1e-3f));
    }
  }

  private float[] logits(String adapter) {
    try (Lease lease = registry.lease(Set.of(adapter))) {
      return lease.run(new int[][] {text}, List.of(lease.adapter(adapter)))[0];
    }
  }

  private void serve(PrecisionChoice precision, String merged) {
    store = new FileArtifactStore(root.resolve("store"));
    LocalCopies copies = TestingAdapters.copies(root);
    ArtifactReader reader = TestingAdapters.reader(store, base, copies, precision, merged);
    registry =
        new AdapterRegistry(
            OnnxSlotTable.over(base, 1 << 28),
            new SlotPolicy(2, 64, Set.of(), Duration.ofMinutes(1)),
            reader,
            text,
            metrics.registry(),
            Clock.systemUTC());
    copies.open(registry::digests);
    registry.start();
    loader = new AdapterLoader(reader, registry, metrics.registry(), Clock.systemUTC());
  }

  private void want(long offset, AdapterId id, String digest) {
    loader.want(id.adapter(), Wanted.champion(offset, new WantedVersion(id, digest, null)));
  }

  private ServingAdapter serving(String adapter) {
    return registry.state().adapter(adapter).orElseThrow();
  }

  private static AdapterWeights random(long seed) {
    return TestingAdapter.random(base.config(), LORA, 2, seed);
  }
}
