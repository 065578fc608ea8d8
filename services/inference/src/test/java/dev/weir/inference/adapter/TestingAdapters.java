package dev.weir.inference.adapter;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterWeights;
import dev.weir.common.adapter.LoraConfig;
import dev.weir.common.adapter.LoraPair;
import dev.weir.common.model.LinearModule;
import dev.weir.common.model.TokenLimit;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Adapters for tests, put into service without a loader. */
public final class TestingAdapters {

  /** Token limit of the adapters that {@link #serve} puts into service. */
  public static final int MAX_TOKENS = 64;

  private static final int HIDDEN = 4;

  private TestingAdapters() {}

  /** An open registry without adapters. */
  public static AdapterRegistry registry(SlotTable.Opener opener, int slots) {
    AdapterRegistry registry =
        new AdapterRegistry(opener, slots, new int[] {1, 0, 2}, Clock.systemUTC());
    registry.start();
    return registry;
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

  static void crown(AdapterRegistry registry, LoadedAdapter loaded) {
    put(registry, loaded);
    AdapterId id = loaded.id();
    registry.settle(id.adapter(), id, Set.of(), () -> true);
  }

  private static void put(AdapterRegistry registry, LoadedAdapter loaded) {
    try {
      registry.put(loaded, () -> true);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static LoadedAdapter loaded(String adapter, int version, List<String> labels) {
    float[] bias = new float[labels.size()];
    bias[0] = version / 100f;
    AdapterWeights weights =
        AdapterWeights.headOnly(labels, new float[labels.size() * HIDDEN], bias);
    return new LoadedAdapter(
        new AdapterId(adapter, version),
        "digest-" + version,
        weights,
        TokenLimit.of(MAX_TOKENS),
        1);
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
        new AdapterId(adapter, version), "digest-" + version, weights, TokenLimit.of(32), 1);
  }
}
