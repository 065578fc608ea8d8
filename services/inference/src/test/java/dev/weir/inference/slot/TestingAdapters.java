package dev.weir.inference.slot;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.text.TokenLimit;
import dev.weir.inference.device.PrecisionChoice;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.inference.release.ArtifactReader;
import dev.weir.inference.release.LocalCopies;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.release.SkippedAdapterRecords;
import dev.weir.inference.release.TopicPlace;
import dev.weir.model.base.BaseModel;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.model.weights.LoraPair;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.signing.ArtifactTrust;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Adapters for tests, put into service without a loader. */
public final class TestingAdapters {

  /** Token limit of the adapters that {@link #serve} puts into service. */
  public static final int MAX_TOKENS = 64;

  private static final int HIDDEN = 4;

  /** Version 4711 of the adapter NAME. */
  private static final String RELEASE =
      new String(
          EventJson.write(
              new Release(
                  "NAME",
                  4711,
                  Release.State.PROMOTED,
                  Method.HEAD_REFRESH,
                  "digest-4711",
                  "base",
                  "base-digest",
                  List.of("negative", "positive"),
                  "batch",
                  new Decision(
                      "fewer-errors", "better", 100, .9, .9, .3, null, null, null, 0, 0, 1),
                  10,
                  1.5,
                  Instant.EPOCH,
                  Instant.EPOCH,
                  Instant.EPOCH,
                  List.of("fp32"))),
          UTF_8);

  private TestingAdapters() {}

  /** An open registry without adapters. */
  public static AdapterRegistry registry(SlotTable.Opener opener, int slots) {
    return registry(
        opener, new SlotPolicy(slots, 4096, Set.of(), Duration.ofMinutes(1)), new TestingWeights());
  }

  static AdapterRegistry registry(
      SlotTable.Opener opener, SlotPolicy policy, WeightSource weights) {
    return registry(opener, policy, weights, Clock.systemUTC());
  }

  static AdapterRegistry registry(
      SlotTable.Opener opener, SlotPolicy policy, WeightSource weights, Clock clock) {
    AdapterRegistry registry = closed(opener, policy, weights, clock);
    registry.start();
    return registry;
  }

  /** A registry that is not started yet. */
  static AdapterRegistry closed(
      SlotTable.Opener opener, SlotPolicy policy, WeightSource weights, Clock clock) {
    return new AdapterRegistry(
        opener,
        policy,
        weights,
        new PrecisionChoice(null, true),
        new int[] {1, 0, 2},
        new SimpleMeterRegistry(),
        clock);
  }

  /** What the topic says, however much that is. */
  public static AnnouncedAdapters announced(ServingPlans plans) {
    return new AnnouncedAdapters(
        plans, adapter -> false, SkippedAdapterRecords.unmetered(), Long.MAX_VALUE);
  }

  /** Has the topic say that versions of an adapter were released, and the last one crowned. */
  public static void announce(AnnouncedAdapters announced, String adapter, int versions) {
    for (int version = 1; version <= versions; version++) {
      String release = RELEASE.replace("NAME", adapter).replace("4711", "" + version);
      take(announced, new AdapterId(adapter, version).toString().getBytes(UTF_8), release);
    }
    Champion champion = new Champion(adapter, versions, "digest-" + versions, Instant.EPOCH);
    take(announced, AdapterRecord.key(champion), new String(EventJson.write(champion), UTF_8));
  }

  private static void take(AnnouncedAdapters announced, byte[] key, String value) {
    announced.take(new ConsumerRecord<>("adapters", 0, 0, key, value.getBytes(UTF_8)));
  }

  /** A place in the only epoch that most tests have. */
  public static TopicPlace at(long offset) {
    return new TopicPlace(1, offset);
  }

  /** A reader that keeps its copies under {@code directory}. */
  public static ArtifactReader reader(ArtifactStore store, BaseModel base, Path directory) {
    return reader(store, base, copies(directory), new PrecisionChoice(null, true), "");
  }

  public static ArtifactReader reader(
      ArtifactStore store,
      BaseModel base,
      LocalCopies copies,
      PrecisionChoice precision,
      String merged) {
    return new ArtifactReader(
        store, base, copies, ArtifactTrust.everybody(), precision, merged, OnnxDevice.CPU);
  }

  /** A reader that believes whom {@code trust} believes, and finds the copies of others before. */
  public static ArtifactReader reader(
      ArtifactStore store, BaseModel base, Path directory, ArtifactTrust trust) {
    LocalCopies copies = copies(directory);
    copies.open(Set::of);
    return new ArtifactReader(
        store, base, copies, trust, new PrecisionChoice(null, true), "", OnnxDevice.CPU);
  }

  public static LocalCopies copies(Path directory) {
    return new LocalCopies(directory.resolve("copies"), 1 << 26, Clock.systemUTC());
  }

  /**
   * Puts a version with labels negative and positive into service; its bias is its version / 100.
   */
  public static void serve(AdapterRegistry registry, String adapter, int version) {
    serve(registry, adapter, version, List.of("negative", "positive"));
  }

  /** The same with other labels. */
  public static void serve(
      AdapterRegistry registry, String adapter, int version, List<String> labels) {
    crown(registry, loaded(adapter, version, labels));
  }

  /** Puts a version into service beside the champion. */
  public static void serveBeside(AdapterRegistry registry, String adapter, int version) {
    put(registry, loaded(adapter, version, List.of("negative", "positive")));
  }

  /** Takes all versions of an adapter out of service. */
  public static void withdraw(AdapterRegistry registry, String adapter) {
    registry.settle(adapter, null, Set.of(), () -> true);
  }

  /** Leases the champions of some adapters; those that nothing serves are left out. */
  static Lease lease(AdapterRegistry registry, String... adapters) {
    return registry.lease(
        state ->
            Stream.of(adapters)
                .flatMap(name -> state.adapter(name).stream())
                .map(ServingAdapter::id)
                .collect(Collectors.toSet()));
  }

  static void crown(AdapterRegistry registry, LoadedAdapter loaded) {
    put(registry, loaded);
    AdapterId id = loaded.id();
    registry.settle(id.adapter(), id, Set.of(), () -> true);
  }

  static void put(AdapterRegistry registry, LoadedAdapter loaded) {
    try {
      registry.put(loaded, () -> true);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static LoadedAdapter loaded(String adapter, int version, List<String> labels) {
    return loaded(adapter, version, labels, Precision.FP32);
  }

  static LoadedAdapter loaded(
      String adapter, int version, List<String> labels, Precision precision) {
    float[] bias = new float[labels.size()];
    bias[0] = version / 100f;
    AdapterWeights weights =
        AdapterWeights.headOnly(labels, new float[labels.size() * HIDDEN], bias);
    return new LoadedAdapter(
        new AdapterId(adapter, version),
        "digest-" + version,
        weights,
        TokenLimit.of(MAX_TOKENS),
        1,
        precision,
        List.of("fp32"),
        null);
  }

  static LoadedAdapter lora(String adapter, int version, int rank, LinearModule target) {
    AdapterWeights weights =
        new AdapterWeights(
            new LoraConfig(rank, 16, 0, Set.of(target)),
            Map.of(
                target.path(0), new LoraPair(new float[rank * HIDDEN], new float[rank * HIDDEN])),
            List.of("negative", "positive"),
            new float[2 * HIDDEN],
            new float[2]);
    return new LoadedAdapter(
        new AdapterId(adapter, version),
        "digest-" + version,
        weights,
        TokenLimit.of(32),
        1,
        Precision.FP32,
        List.of("fp32"),
        null);
  }
}
