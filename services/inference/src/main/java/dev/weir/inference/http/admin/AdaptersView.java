package dev.weir.inference.http.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.inference.slot.AdapterRegistry;
import dev.weir.inference.slot.LoadFailure;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.ServingState;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /v1/adapters} shows: the versions that answer, taken from the very state that scorers
 * lease; the champions and releases that the adapters topic states; and the loads that failed.
 * Thread-safe.
 */
public final class AdaptersView {

  /** Newest versions that are shown of an adapter; each older one has a path of its own. */
  static final int MOST_VERSIONS = 50;

  private final AdapterRegistry registry;
  private final AdapterLoader loader;
  private final AnnouncedAdapters announced;
  private final AdapterCatalog catalog;
  private final ArtifactStore store;
  private final String baseModel;
  private final String baseDigest;

  /**
   * A view of one process.
   *
   * @param store where manifests are read from; stays its owner's
   */
  public AdaptersView(
      AdapterRegistry registry,
      AdapterLoader loader,
      AnnouncedAdapters announced,
      AdapterCatalog catalog,
      ArtifactStore store,
      String baseModel,
      String baseDigest) {
    this.registry = registry;
    this.loader = loader;
    this.announced = announced;
    this.catalog = catalog;
    this.store = store;
    this.baseModel = baseModel;
    this.baseDigest = baseDigest;
  }

  record All(String baseModel, String baseDigest, Engine engine, List<Adapter> adapters) {}

  record Engine(
      int slots,
      int mostSlots,
      int rank,
      int labels,
      List<String> targets,
      List<String> precisions) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Adapter(
      String adapter,
      List<String> labels,
      @Nullable Serving serving,
      @Nullable Champion champion,
      ServingPlan plan,
      @Nullable Serving canary,
      @Nullable Serving shadow,
      @Nullable LoadFailure failure,
      @Nullable LoadFailure canaryFailure,
      @Nullable LoadFailure shadowFailure,
      List<Version> versions) {}

  /** One version in service. */
  public record Serving(
      int version,
      String digest,
      List<String> labels,
      int maxTokens,
      double temperature,
      int slot,
      String state,
      boolean pinned,
      String precision,
      boolean precisionAllowed,
      Instant liveSince) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Version(
      int version,
      Release.State state,
      Method method,
      @Nullable String digest,
      int trainingExamples,
      double trainingSeconds,
      String batchId,
      Instant lastFeedbackAt,
      Instant batchClosedAt,
      Instant createdAt,
      List<String> precisions,
      @Nullable Integer heldBy,
      Decision decision) {}

  /** One version and where it came from; the manifest where it can be read. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lineage(Release release, @Nullable Manifest manifest) {}

  /** All adapters; off the event loop. */
  public All all() {
    ServingState state = registry.state();
    Map<AdapterId, LoadFailure> failures = new HashMap<>(registry.pageFailures());
    failures.putAll(loader.failures());
    Map<String, Champion> champions = announced.champions();
    Engine engine =
        new Engine(
            state.layout().slots(),
            registry.mostSlots(),
            state.layout().rank(),
            state.layout().labels(),
            state.layout().targets().stream().map(LinearModule::id).sorted().toList(),
            state.precisions().stream().map(Precision::id).toList());
    List<Adapter> adapters =
        names(state, failures, champions).stream()
            .map(name -> adapter(name, state, failures::get))
            .toList();
    return new All(baseModel, baseDigest, engine, adapters);
  }

  /**
   * One adapter, or empty when neither the catalog nor the topic knows it. Cheap, however many
   * adapters and versions there are.
   */
  public Optional<Adapter> one(String name) {
    if (!exists(name)) {
      return Optional.empty();
    }
    return Optional.of(adapter(name, registry.state(), this::failure));
  }

  /** Whether the catalog or the topic knows an adapter. Cheap, for every request. */
  public boolean exists(String name) {
    return registry.state().adapter(name).isPresent()
        || announced.exists(name)
        || (catalog.names().contains(name) && Limits.ADAPTER_NAME.matcher(name).matches());
  }

  private @Nullable LoadFailure failure(AdapterId id) {
    return loader.failure(id).or(() -> registry.pageFailure(id)).orElse(null);
  }

  /**
   * Where a version came from: its release and, while the store still has the artifact, the
   * manifest. Blocks on the store.
   *
   * @throws Problem 404 for a version that the topic does not know, 503 without the store
   */
  public Lineage lineage(String name, String version) {
    Release release =
        (version.matches("[1-9]\\d{0,8}")
                ? announced.release(name, Integer.parseInt(version))
                : Optional.<Release>empty())
            .orElseThrow(
                () ->
                    new Problem(
                        404,
                        "unknown-version",
                        "there is no version '%s' of adapter '%s'; GET /v1/adapters lists them"
                            .formatted(version, name)));
    try {
      Manifest manifest =
          release.digest() == null ? null : store.manifest(release.id()).orElse(null);
      return new Lineage(release, manifest);
    } catch (StoreException e) {
      throw new Problem(
              503,
              e.reason(),
              "the store did not answer: " + e.getMessage() + "; send it again later",
              e)
          .retryAfter(5);
    }
  }

  /** The version of an adapter that answers; empty when none does. Cheap, for every request. */
  public Optional<Serving> serving(String name) {
    return registry.state().adapter(name).map(AdaptersView::serving);
  }

  private Set<String> names(
      ServingState state, Map<AdapterId, LoadFailure> failures, Map<String, Champion> champions) {
    Set<String> names = new TreeSet<>(state.adapters().keySet());
    failures.keySet().forEach(id -> names.add(id.adapter()));
    state.versions().forEach(version -> names.add(version.id().adapter()));
    names.addAll(champions.keySet());
    names.addAll(announced.released());
    catalog.names().stream()
        .filter(name -> Limits.ADAPTER_NAME.matcher(name).matches())
        .forEach(names::add);
    return names;
  }

  private Adapter adapter(
      String name, ServingState state, Function<AdapterId, @Nullable LoadFailure> failures) {
    ServingPlan plan = announced.plan(name);
    AdapterId answering = announced.answering(name).map(Champion::id).orElse(null);
    ServingPlan.Canary canary = plan.canary();
    ServingPlan.Shadow shadow = plan.shadow();
    AdapterId canaryId = canary == null ? null : new AdapterId(name, canary.version());
    AdapterId shadowId = shadow == null ? null : new AdapterId(name, shadow.version());
    return new Adapter(
        name,
        catalog.scheme(name).map(LabelScheme::names).orElse(List.of()),
        state.adapter(name).map(AdaptersView::serving).orElse(null),
        announced.champion(name).orElse(null),
        plan,
        serving(state, canaryId),
        serving(state, shadowId),
        failure(failures, answering),
        failure(failures, canaryId),
        failure(failures, shadowId),
        announced.releases(name, MOST_VERSIONS).stream().map(AdaptersView::version).toList());
  }

  private static @Nullable Serving serving(ServingState state, @Nullable AdapterId id) {
    return id == null ? null : state.version(id).map(AdaptersView::serving).orElse(null);
  }

  private static @Nullable LoadFailure failure(
      Function<AdapterId, @Nullable LoadFailure> failures, @Nullable AdapterId id) {
    return id == null ? null : failures.apply(id);
  }

  private static Serving serving(ServingAdapter adapter) {
    return new Serving(
        adapter.id().version(),
        adapter.digest(),
        adapter.labels(),
        adapter.limit().maxTokens(),
        adapter.temperature(),
        adapter.slot(),
        adapter.residence().id(),
        adapter.pinned(),
        adapter.precision().id(),
        adapter.precisionAllowed(),
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
        release.batchId(),
        release.lastFeedbackAt(),
        release.batchClosedAt(),
        release.createdAt(),
        release.precisions(),
        release.heldBy(),
        release.decision());
  }
}
