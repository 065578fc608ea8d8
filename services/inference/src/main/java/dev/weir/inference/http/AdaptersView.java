package dev.weir.inference.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.event.Limits;
import dev.weir.common.model.LinearModule;
import dev.weir.inference.adapter.AdapterLoader;
import dev.weir.inference.adapter.AdapterRegistry;
import dev.weir.inference.adapter.AdapterWatcher;
import dev.weir.inference.adapter.LoadFailure;
import dev.weir.inference.adapter.ServingAdapter;
import dev.weir.inference.adapter.ServingState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /v1/adapters} shows: the versions that answer, taken from the very state that scorers
 * lease; the champions and releases that the adapters topic states; and the loads that failed.
 * Thread-safe.
 */
public final class AdaptersView {

  private final AdapterRegistry registry;
  private final AdapterLoader loader;
  private final AdapterWatcher watcher;
  private final AdapterCatalog catalog;
  private final String baseModel;
  private final String baseDigest;

  /** A view of one process. */
  public AdaptersView(
      AdapterRegistry registry,
      AdapterLoader loader,
      AdapterWatcher watcher,
      AdapterCatalog catalog,
      String baseModel,
      String baseDigest) {
    this.registry = registry;
    this.loader = loader;
    this.watcher = watcher;
    this.catalog = catalog;
    this.baseModel = baseModel;
    this.baseDigest = baseDigest;
  }

  record All(String baseModel, String baseDigest, Engine engine, List<Adapter> adapters) {}

  record Engine(int slots, int rank, int labels, List<String> targets) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Adapter(
      String adapter,
      @Nullable Serving serving,
      @Nullable Champion champion,
      @Nullable LoadFailure failure,
      List<Version> versions) {}

  record Serving(
      int version,
      String digest,
      List<String> labels,
      int maxTokens,
      int slot,
      Instant liveSince) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Version(
      int version,
      Release.State state,
      Method method,
      @Nullable String digest,
      int trainingExamples,
      double trainingSeconds,
      Instant createdAt,
      Decision decision) {}

  All all() {
    ServingState state = registry.state();
    Map<String, LoadFailure> failures = loader.failures();
    Map<String, Champion> champions = watcher.champions();
    Engine engine =
        new Engine(
            state.layout().slots(),
            state.layout().rank(),
            state.layout().labels(),
            state.layout().targets().stream().map(LinearModule::id).sorted().toList());
    List<Adapter> adapters =
        names(state, failures, champions).stream()
            .map(name -> adapter(name, state, failures, champions))
            .toList();
    return new All(baseModel, baseDigest, engine, adapters);
  }

  /** One adapter, or empty when neither the catalog nor the topic knows it. */
  Optional<Adapter> one(String name) {
    return all().adapters().stream().filter(adapter -> adapter.adapter().equals(name)).findFirst();
  }

  /** The version of an adapter that answers; empty when none does. Cheap, for every request. */
  Optional<Serving> serving(String name) {
    return registry.state().adapter(name).map(AdaptersView::serving);
  }

  private Set<String> names(
      ServingState state, Map<String, LoadFailure> failures, Map<String, Champion> champions) {
    Set<String> names = new TreeSet<>(state.adapters().keySet());
    names.addAll(failures.keySet());
    names.addAll(champions.keySet());
    names.addAll(watcher.released());
    catalog.names().stream()
        .filter(name -> Limits.ADAPTER_NAME.matcher(name).matches())
        .forEach(names::add);
    return names;
  }

  private Adapter adapter(
      String name,
      ServingState state,
      Map<String, LoadFailure> failures,
      Map<String, Champion> champions) {
    return new Adapter(
        name,
        state.adapter(name).map(AdaptersView::serving).orElse(null),
        champions.get(name),
        failures.get(name),
        watcher.releases(name).stream().map(AdaptersView::version).toList());
  }

  private static Serving serving(ServingAdapter adapter) {
    return new Serving(
        adapter.id().version(),
        adapter.digest(),
        adapter.labels(),
        adapter.limit().maxTokens(),
        adapter.slot(),
        adapter.liveSince());
  }

  private static Version version(Release release) {
    return new Version(
        release.version(),
        release.state(),
        release.method(),
        release.digest(),
        release.trainingExamples(),
        release.trainingSeconds(),
        release.createdAt(),
        release.decision());
  }
}
