package dev.weir.trainer.publish;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterRecord;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.common.adapter.ServingHistory;
import dev.weir.common.adapter.ServingPlan;
import dev.weir.common.topic.Topics;
import dev.weir.trainer.data.TopicTail;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What has been decided so far, as the release topic tells it after {@link #refresh()}.
 *
 * <p>Owned by the fitting thread, which closes it.
 */
public final class ReleaseLog implements AutoCloseable {

  private final TopicTail tail;
  private final Map<AdapterId, Release> releases = new HashMap<>();
  private final Map<String, Champion> champions = new HashMap<>();
  private final ServingHistory history = new ServingHistory();
  private final Map<String, ServingPlan> plans = new HashMap<>();
  private final Map<String, Integer> highest = new HashMap<>();
  private final Map<FrozenSet, Double> bestOnFrozen = new HashMap<>();
  private final Set<Training> decided = new HashSet<>();

  private record Training(String batchId, Method method) {}

  /** The frozen set only grows, from its oldest row on: as many rows are the same rows. */
  private record FrozenSet(String adapter, String baseDigest, int rows) {}

  /** The log of one cluster; reads nothing yet. */
  public ReleaseLog(
      Map<String, Object> kafka, Topics topics, Duration timeout, MeterRegistry meters) {
    tail = new TopicTail(kafka, topics.adapters(), timeout, "releases", meters);
  }

  /** Reads what came since, to the topic's present end. */
  public void refresh() {
    tail.catchUp(
        record -> {
          if (record.value() == null) {
            AdapterRecord.plannedAdapter(record.key()).ifPresent(plans::remove);
          } else {
            AdapterRecord.read(record.key(), record.value()).ifPresent(this::apply);
          }
        });
  }

  private void apply(AdapterRecord record) {
    history.take(record);
    if (record instanceof AdapterRecord.Crowned crowned) {
      champions.put(crowned.champion().adapter(), crowned.champion());
    } else if (record instanceof AdapterRecord.Planned planned) {
      plans.put(planned.plan().adapter(), planned.plan());
    } else if (record instanceof AdapterRecord.Released released) {
      Release release = released.release();
      releases.put(release.id(), release);
      highest.merge(release.adapter(), release.version(), Math::max);
      decided.add(new Training(release.batchId(), release.method()));
      Decision.Frozen frozen = release.decision().frozen();
      if (release.state() == Release.State.PROMOTED && release.heldBy() == null && frozen != null) {
        FrozenSet set = new FrozenSet(release.adapter(), release.baseDigest(), frozen.rows());
        bestOnFrozen.merge(set, frozen.accuracy(), Math::max);
      }
    }
  }

  /** The id that the adapter's next version gets. */
  public AdapterId next(String adapter) {
    return new AdapterId(adapter, highest.getOrDefault(adapter, 0) + 1);
  }

  /** The version that serves: the pinned one, or else the champion. */
  public Optional<Champion> champion(String adapter) {
    return Optional.ofNullable(plan(adapter).pinnedChampion())
        .or(() -> Optional.ofNullable(champions.get(adapter)));
  }

  /** Which versions served before one that serves, or is about to; the last one first. */
  public List<Integer> servedBefore(AdapterId id) {
    return history.before(id.adapter(), id.version());
  }

  /** How an operator wants the adapter to be served. */
  public ServingPlan plan(String adapter) {
    return plans.getOrDefault(adapter, ServingPlan.none(adapter));
  }

  /** The release of a version. */
  public Optional<Release> release(AdapterId id) {
    return Optional.ofNullable(releases.get(id));
  }

  /** The best accuracy that a promoted version had on the first so many frozen rows; 0 if none. */
  public double bestOnFrozen(String adapter, String baseDigest, int rows) {
    return bestOnFrozen.getOrDefault(new FrozenSet(adapter, baseDigest, rows), 0.0);
  }

  /** Whether a training has its decision. */
  public boolean decided(String batchId, Method method) {
    return decided.contains(new Training(batchId, method));
  }

  @Override
  public void close() {
    tail.close();
  }
}
