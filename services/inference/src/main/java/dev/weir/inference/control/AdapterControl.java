package dev.weir.inference.control;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingHistory;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Topics;
import dev.weir.inference.control.ControlException.Kind;
import dev.weir.inference.release.AdapterLoader;
import dev.weir.inference.release.AdapterWatcher;
import dev.weir.inference.release.AnnouncedAdapters;
import dev.weir.store.artifact.ArtifactStore;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What an operator may say about an adapter: promote, roll back, pin, canary, shadow, threshold.
 *
 * <p>Each is checked against what holds and written to the adapters topic, where every replica
 * reads it. Saying it again changes nothing. Returns when this replica has read it; others follow
 * within milliseconds, each when it has loaded the version. Thread-safe; blocks on Kafka and the
 * store for seconds at most, and throws {@link ControlException} when nothing was changed.
 */
public final class AdapterControl {

  private final ControlWriter writer;
  private final ServableVersions versions;
  private final AdapterLoader loader;
  private final AnnouncedAdapters announced;
  private final AdapterCatalog catalog;
  private final Clock clock;

  /**
   * Controls of one cluster's adapters.
   *
   * @param baseDigest sha-256 (hex) of the base model that this process serves with
   */
  public AdapterControl(
      Map<String, Object> kafka,
      Topics topics,
      AdapterCatalog catalog,
      AdapterWatcher watcher,
      AdapterLoader loader,
      AnnouncedAdapters announced,
      ArtifactStore store,
      String baseDigest,
      Clock clock) {
    this.writer = new ControlWriter(kafka, topics, watcher, announced);
    this.versions = new ServableVersions(announced, loader, store, baseDigest, clock);
    this.loader = loader;
    this.announced = announced;
    this.catalog = catalog;
    this.clock = clock;
  }

  /** Makes a version the champion; refused while another one is pinned. */
  public ControlResult promote(String adapter, int version) {
    return change(
        adapter,
        now -> {
          ServingPlan.Pin pin = now.plan().pinned();
          if (pin != null && pin.version() != version) {
            throw new ControlException(
                Kind.CONFLICT,
                "pinned",
                "version %d of adapter '%s' is pinned; unpin it first, or pin version %d"
                    .formatted(pin.version(), adapter, version));
          }
          return now.crowning(succeeding(versions.require(adapter, version), now));
        });
  }

  /**
   * Goes back to an earlier version and pins it: what made it necessary was not seen by the gate,
   * which would promote the next challenger.
   *
   * @param to the version, or {@code null} for the one that served last before the present one and
   *     can serve still. After a rollback that is not followed by an unpin, {@code null} changes
   *     nothing; after the unpin it goes one further back, never forth again
   */
  public ControlResult rollBack(String adapter, @Nullable Integer to) {
    return change(
        adapter,
        now -> {
          ServingPlan.Pin pin = now.plan().pinned();
          if (to == null && pin != null && pin.rolledBackFrom() != null) {
            return now;
          }
          Champion present = answering(adapter, now);
          Champion target =
              to != null
                  ? versions.require(adapter, to)
                  : versions
                      .before(adapter, present.version())
                      .orElseThrow(
                          () ->
                              new ControlException(
                                  Kind.CONFLICT,
                                  "nothing-before",
                                  "nothing that served before %s can be served; name a version with 'to', %s"
                                      .formatted(present.id(), versions.servable(adapter))));
          if (pin != null && pin.version() == target.version()) {
            return now;
          }
          if (present.version() == target.version()) {
            return pinned(now.crowning(target), target, null);
          }
          Champion back =
              target.after(
                  announced.history().afterRollback(adapter, present.version(), target.version()));
          return pinned(now.crowning(back), back, present.version());
        });
  }

  /**
   * Keeps a version serving whatever is promoted.
   *
   * @param version the version, or {@code null} for the one that answers now
   */
  public ControlResult pin(String adapter, @Nullable Integer version) {
    return change(
        adapter,
        now -> {
          ServingPlan.Pin pin = now.plan().pinned();
          if (pin != null && (version == null || pin.version() == version)) {
            return now;
          }
          Champion target =
              version == null ? answering(adapter, now) : versions.require(adapter, version);
          return pinned(now.crowning(succeeding(target, now)), target, null);
        });
  }

  /** Lets promoted versions serve again; what was held stays held until it is promoted. */
  public ControlResult unpin(String adapter) {
    return change(adapter, now -> now.with(now.plan().withPinned(null)));
  }

  /**
   * Has a version answer a share of the reviews.
   *
   * @param share above 0, at most 1
   */
  public ControlResult canary(String adapter, int version, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new ControlException(
          Kind.INVALID,
          "share-out-of-range",
          "the share is %s, it must be above 0 and at most 1; end a canary with off"
              .formatted(share));
    }
    return change(
        adapter,
        now -> {
          Champion target = beside(adapter, version, now);
          return now.with(
              now.plan().withCanary(new ServingPlan.Canary(version, target.digest(), share)));
        });
  }

  /** Ends the canary. */
  public ControlResult canaryOff(String adapter) {
    return change(adapter, now -> now.with(now.plan().withCanary(null)));
  }

  /** Has a version score all reviews from Kafka without answering. */
  public ControlResult shadow(String adapter, int version) {
    return change(
        adapter,
        now -> {
          Champion target = beside(adapter, version, now);
          return now.with(now.plan().withShadow(new ServingPlan.Shadow(version, target.digest())));
        });
  }

  /** Ends the shadow. */
  public ControlResult shadowOff(String adapter) {
    return change(adapter, now -> now.with(now.plan().withShadow(null)));
  }

  /**
   * Has the adapter abstain where its best label is less probable.
   *
   * @param abstainBelow at least 0, which is off, and below 1
   */
  public ControlResult threshold(String adapter, double abstainBelow) {
    if (!(abstainBelow >= 0 && abstainBelow < 1)) {
      throw new ControlException(
          Kind.INVALID,
          "threshold-out-of-range",
          "the threshold is %s, it must be at least 0 (off) and below 1".formatted(abstainBelow));
    }
    return change(adapter, now -> now.with(now.plan().withAbstainBelow(abstainBelow)));
  }

  private ControlResult change(String adapter, UnaryOperator<Change> change) {
    if (!Limits.ADAPTER_NAME.matcher(adapter).matches()
        || (catalog.scheme(adapter).isEmpty() && !announced.exists(adapter))) {
      throw new ControlException(
          Kind.UNKNOWN,
          "unknown-adapter",
          "there is no adapter '" + adapter + "'; GET /v1/adapters lists them");
    }
    return writer.change(
        adapter,
        now -> {
          Change after = change.apply(now);
          return after.plan().equals(now.plan())
              ? after
              : after.with(after.plan().at(clock.instant()));
        });
  }

  /**
   * A version to crown after the one that answers now. One that was promoted and could not be
   * loaded never served: what serves instead is what came before, and nobody goes back to it.
   */
  private Champion succeeding(Champion next, Change now) {
    String adapter = next.adapter();
    Champion stated = now.answering();
    ServingHistory history = announced.history();
    Integer serving = stated == null ? null : stated.version();
    if (stated != null && loader.failures().containsKey(stated.id())) {
      serving = loader.answering(adapter).map(AdapterId::version).orElse(null);
      if (serving == null) {
        List<Integer> before = history.before(adapter, stated.version());
        return next.after(before.stream().filter(each -> each != next.version()).toList());
      }
    }
    return next.after(history.afterPromotion(adapter, serving, next.version()));
  }

  private static Change pinned(Change change, Champion target, @Nullable Integer from) {
    return change.with(
        change.plan().withPinned(new ServingPlan.Pin(target.version(), target.digest(), from)));
  }

  private static Champion answering(String adapter, Change now) {
    Champion answering = now.answering();
    if (answering == null) {
      throw new ControlException(
          Kind.CONFLICT,
          "no-champion",
          "no version of adapter '%s' serves; promote one".formatted(adapter));
    }
    return answering;
  }

  /** A version to serve beside the one that answers. */
  private Champion beside(String adapter, int version, Change now) {
    Champion answering = answering(adapter, now);
    if (answering.version() == version) {
      throw new ControlException(
          Kind.CONFLICT,
          "already-serving",
          "%s answers all reviews already; name another version, %s"
              .formatted(answering.id(), versions.servable(adapter)));
    }
    return versions.require(adapter, version);
  }
}
