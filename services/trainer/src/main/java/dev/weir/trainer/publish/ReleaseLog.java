package dev.weir.trainer.publish;

import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.AdapterLedger;
import dev.weir.contract.release.AdapterRecord;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Method;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import dev.weir.contract.topic.Topics;
import dev.weir.service.kafka.TopicTail;
import dev.weir.trainer.data.SkippedRecords;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has been decided so far, as the release topic tells it after {@link #refresh()}.
 *
 * <p>Owned by the fitting thread, which closes it.
 */
public final class ReleaseLog implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReleaseLog.class);

  private final TopicTail tail;
  private final SkippedRecords skipped;
  private AdapterLedger ledger = AdapterLedger.unbounded();
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
    ledger = AdapterLedger.unbounded();
    bestOnFrozen.clear();
    decided.clear();
    unread.clear();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    named(key).ifPresent(id -> highest.merge(id.adapter(), id.version(), Math::max));
    if (record.value() == null) {
      withdraw(record.key());
      unread.remove(key);
    } else if (skipped.read(record, () -> apply(sound(record), record.value().length))) {
      unread.remove(key);
    } else {
      adapterOf(key).ifPresent(adapter -> unread.put(key, adapter));
    }
  }

  /** What is withdrawn under a key that is none of this topic's was never there. */
  private void withdraw(byte @Nullable [] key) {
    try {
      Optional<String> ignored = ledger.remove(key);
    } catch (IllegalArgumentException e) {
      LOG.debug("a tombstone withdraws what is no adapter record", e);
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

  private void apply(AdapterRecord record, int size) {
    Optional<String> ignored = ledger.put(record, size);
    if (record instanceof AdapterRecord.Released released) {
      Release release = released.release();
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
    return ledger.releases();
  }

  /** The version that serves: the pinned one, or else the champion. */
  public Optional<Champion> champion(String adapter) {
    return Optional.ofNullable(plan(adapter).pinnedChampion())
        .or(() -> Optional.ofNullable(ledger.champion(adapter)));
  }

  /** Which versions served before one that serves, or is about to; the last one first. */
  public List<Integer> servedBefore(AdapterId id) {
    return ledger.history().before(id.adapter(), id.version());
  }

  /** How an operator wants the adapter to be served. */
  public ServingPlan plan(String adapter) {
    return ledger.plan(adapter);
  }

  /** The release of a version. */
  public Optional<Release> release(AdapterId id) {
    return Optional.ofNullable(ledger.release(id.adapter(), id.version()));
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
