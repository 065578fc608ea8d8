package dev.weir.curation;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Finds partitions whose committed offset stands still while their lag grows: what waits there is
 * not a quiet topic but a record that nobody gets past.
 *
 * <p>A partition stands still from the moment at which something waits in it: that it was quiet for
 * long before says nothing. And Kafka Streams takes the records of a task by their times, so a
 * partition waits its turn, rightly, while others of its task are worked off.
 *
 * <p>Owned by one thread.
 */
final class StallDetector {

  private final Duration patience;
  private final Function<TopicPartition, Object> task;
  private Map<TopicPartition, Seen> seen = new HashMap<>();

  /**
   * An offset that is committed.
   *
   * @param endThen end of the partition when something began to wait behind the offset
   * @param since when that was, or when the partition's task last got on
   */
  private record Seen(long committed, long endThen, @Nullable Instant since) {}

  /**
   * Where a group stands.
   *
   * @param committed offset of the next record to read
   * @param end offset behind the last record that can be read
   */
  record Position(long committed, long end) {

    boolean waits() {
      return end > committed;
    }
  }

  /**
   * A detector that has seen nothing yet.
   *
   * @param task what a partition is worked off with: equal for those of one task
   */
  StallDetector(Duration patience, Function<TopicPartition, Object> task) {
    this.patience = patience;
    this.task = task;
  }

  /** What is stalled by now: the offset at which each partition stands, and for how long. */
  Map<String, Duration> look(Map<TopicPartition, Position> positions, Instant now) {
    Set<Object> gotOn = new HashSet<>();
    positions.forEach(
        (partition, at) -> {
          Seen before = seen.get(partition);
          if (before != null && before.committed() != at.committed()) {
            gotOn.add(task.apply(partition));
          }
        });
    Map<TopicPartition, Seen> next = new HashMap<>();
    Map<String, Duration> stalled = new TreeMap<>();
    positions.forEach(
        (partition, at) -> {
          Seen known = seen(seen.get(partition), at, gotOn.contains(task.apply(partition)), now);
          next.put(partition, known);
          Instant since = known.since();
          if (since != null && at.end() > known.endThen()) {
            Duration still = Duration.between(since, now);
            if (still.compareTo(patience) >= 0) {
              stalled.put(partition + "@" + at.committed(), still);
            }
          }
        });
    seen = next;
    return stalled;
  }

  private static Seen seen(@Nullable Seen before, Position at, boolean gotOn, Instant now) {
    if (!at.waits()) {
      return new Seen(at.committed(), at.end(), null);
    }
    boolean stands =
        before != null && before.committed() == at.committed() && before.since() != null && !gotOn;
    return before != null && stands ? before : new Seen(at.committed(), at.end(), now);
  }
}
