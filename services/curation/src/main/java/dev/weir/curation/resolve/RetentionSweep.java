package dev.weir.curation.resolve;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.jspecify.annotations.Nullable;

/**
 * Deletes the old entries of a store a little at a time: each run looks at a bounded number of
 * entries from where the last one ended, so that no run holds up the stream, however large the
 * store is.
 *
 * <p>A run looks at as many entries as end a round over the store within a tenth of the retention,
 * so an entry outlives the retention by a tenth, whatever the inflow. A restart begins a new round.
 * Used by its task's thread only.
 *
 * @param <V> the store's values
 */
final class RetentionSweep<V> {

  /** Entries that one run looks at, at least. */
  static final int ENTRIES = 1000;

  /** Time between two runs. */
  static final Duration EVERY = Duration.ofSeconds(1);

  private static final int MAX_ENTRIES = 100_000;
  private static final int ROUNDS_PER_RETENTION = 10;

  private final TimestampedKeyValueStore<String, V> store;
  private final Duration retention;
  private @Nullable String next;

  RetentionSweep(TimestampedKeyValueStore<String, V> store, Duration retention) {
    this.store = store;
    this.retention = retention;
  }

  void run(long nowMs) {
    long oldestMs = nowMs - retention.toMillis();
    int entriesNow = entries(store.approximateNumEntries(), retention);
    List<String> expired = new ArrayList<>();
    try (KeyValueIterator<String, ValueAndTimestamp<V>> entries =
        next == null ? store.all() : store.range(next, null)) {
      for (int looked = 0; looked < entriesNow && entries.hasNext(); looked++) {
        KeyValue<String, ValueAndTimestamp<V>> entry = entries.next();
        if (entry.value.timestamp() < oldestMs) {
          expired.add(entry.key);
        }
      }
      next = entries.hasNext() ? entries.next().key : null;
    }
    expired.forEach(store::delete);
  }

  /** How many entries of so many a run looks at. */
  static int entries(long all, Duration retention) {
    double runs = (double) retention.toMillis() / EVERY.toMillis() / ROUNDS_PER_RETENTION;
    return (int) Math.max(ENTRIES, Math.min(MAX_ENTRIES, Math.ceil(all / runs)));
  }
}
