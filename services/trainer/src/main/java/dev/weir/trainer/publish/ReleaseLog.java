package dev.weir.trainer.publish;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.AdapterRecord;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Decision;
import dev.weir.common.adapter.Method;
import dev.weir.common.adapter.Release;
import dev.weir.common.adapter.ServingHistory;
import dev.weir.common.adapter.ServingPlan;
import dev.weir.common.event.Limits;
import dev.weir.common.topic.Topics;
import dev.weir.trainer.data.SkippedRecords;
import dev.weir.trainer.data.TopicTail;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What has been decided so far, as the release topic tells it after {@link #refresh()}.
 *
 * <p>Owned by the fitting thread, which closes it.
 */
public final class ReleaseLog implements AutoCloseable {

  private final TopicTail tail;
  private final Map<AdapterId, Release> releases = new HashMap<>();
  private final Map<String, Champion> champions = new HashMap<>();
  private final SkippedRecords skipped;
  private ServingHistory history = new ServingHistory();
  private final Map<String, ServingPlan> plans = new HashMap<>();
  private final Map<String, Integer> highest = new HashMap<>();
  private final Map<FrozenSet, Double> bestOnFrozen = new HashMap<>();
  private final Set<Training> decided = new HashSet<>();

  /** Adapters of records that could not be read, by the record's key. */
  private final Map<String, String> unread = new HashMap<>();

  /** A stranger's record or directory must not use the numbers up. */
  static final int MOST_VERSIONS = 100_000_000;

  private record Training(String batchId, Method method) {}

  /** The frozen set only grows, from its oldest row on: as many rows are the same rows. */
  private record FrozenSet(String adapter, String baseDigest, int rows) {}

  /** The log of one cluster; reads nothing yet. */
  public ReleaseLog(
      Map<String, Object> kafka, Topics topics, Duration timeout, MeterRegistry meters) {
    tail = new TopicTail(kafka, topics.adapters(), timeout, "releases", meters);
    tail.whenReplaced(this::forget);
    skipped = new SkippedRecords("adapters", meters);
  }

  /** Reads what came since, to the topic's present end. */
  public void refresh() {
    tail.catchUp(this::take);
  }

  /** A topic that was made anew tells all from its beginning; no number is given twice. */
  private void forget() {
    releases.clear();
    champions.clear();
    plans.clear();
    bestOnFrozen.clear();
    decided.clear();
    unread.clear();
    history = new ServingHistory();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    named(key).ifPresent(id -> highest.merge(id.adapter(), id.version(), Math::max));
    if (record.value() == null) {
      AdapterRecord.plannedAdapter(record.key()).ifPresent(plans::remove);
      unread.remove(key);
    } else if (skipped.read(record, () -> apply(sound(record)))) {
      unread.remove(key);
    } else {
      adapterOf(key).ifPresent(adapter -> unread.put(key, adapter));
    }
  }

  /** The version that a release's key names, whatever stands under it. */
  private static Optional<AdapterId> named(String key) {
    try {
      return key.indexOf('@') < 0
          ? Optional.empty()
          : Optional.of(AdapterId.parse(key)).filter(id -> id.version() <= MOST_VERSIONS);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The adapter that a key is about; empty for keys that no adapter can have. */
  private static Optional<String> adapterOf(String key) {
    String adapter = key.replaceFirst("[@#].*", "");
    return Limits.ADAPTER_NAME.matcher(adapter).matches() ? Optional.of(adapter) : Optional.empty();
  }

  /**
   * The record, complete and under its own key.
   *
   * @throws RuntimeException if it is none of ours, or not whole
   */
  private static AdapterRecord sound(ConsumerRecord<byte[], byte[]> record) {
    AdapterRecord read = SkippedRecords.whole(AdapterRecord.parse(record.key(), record.value()));
    if (read instanceof AdapterRecord.Released released
        && released.release().version() > MOST_VERSIONS) {
      throw new IllegalArgumentException(
          "version " + released.release().version() + " was given by nobody");
    }
    return read;
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

  /** The highest version that any record names, also one that cannot be read; 0 if none does. */
  public int highest(String adapter) {
    return highest.getOrDefault(adapter, 0);
  }

  /**
   * The keys of the adapter's records that cannot be read and have not been written anew since.
   * What they said is not known: nothing of the adapter may be deleted.
   */
  public Set<String> unread(String adapter) {
    Set<String> keys = new TreeSet<>();
    unread.forEach(
        (key, of) -> {
          if (of.equals(adapter)) {
            keys.add(key);
          }
        });
    return keys;
  }

  /** All releases that this log has. */
  public Collection<Release> releases() {
    return List.copyOf(releases.values());
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
