package dev.weir.curation;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;

/**
 * Finds partitions whose committed offset stands still while their lag grows: what waits there is
 * not a quiet topic but a record that nobody gets past.
 *
 * <p>Owned by one thread.
 */
final class StallDetector {

  private final Duration patience;
  private Map<TopicPartition, Seen> seen = new HashMap<>();

  /** Since when an offset is committed, and the end of the partition at that time. */
  private record Seen(long committed, long endThen, Instant since) {}

  /**
   * Where a group stands.
   *
   * @param committed offset of the next record to read
   * @param end offset behind the last record that can be read
   */
  record Position(long committed, long end) {}

  StallDetector(Duration patience) {
    this.patience = patience;
  }

  /** What is stalled by now: the offset at which each partition stands, and for how long. */
  Map<String, Duration> look(Map<TopicPartition, Position> positions, Instant now) {
    Map<TopicPartition, Seen> next = new HashMap<>();
    Map<String, Duration> stalled = new TreeMap<>();
    positions.forEach(
        (partition, at) -> {
          Seen known =
              Optional.ofNullable(seen.get(partition))
                  .filter(before -> before.committed() == at.committed())
                  .orElse(new Seen(at.committed(), at.end(), now));
          next.put(partition, known);
          Duration still = Duration.between(known.since(), now);
          if (at.end() > at.committed()
              && at.end() > known.endThen()
              && still.compareTo(patience) >= 0) {
            stalled.put(partition + "@" + at.committed(), still);
          }
        });
    seen = next;
    return stalled;
  }
}
