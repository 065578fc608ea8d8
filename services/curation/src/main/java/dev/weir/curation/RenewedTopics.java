package dev.weir.curation;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;

/**
 * The input topics that were deleted and made anew since the start, by the id that they have now.
 *
 * <p>A consumer that was at offset 500 goes on at 500 of the new topic, or at its end, and passes
 * over what stands before. So each consumer asks here before it polls, and begins anew.
 * Thread-safe; one thread writes.
 */
final class RenewedTopics {

  private volatile Map<String, Uuid> renewed = Map.of();

  /** A topic has another id now. */
  synchronized void add(String topic, Uuid id) {
    Map<String, Uuid> next = new HashMap<>(renewed);
    next.put(topic, id);
    renewed = Map.copyOf(next);
  }

  /** What one consumer has heard of already. Owned by that consumer's thread. */
  final class Heard {

    private Map<String, Uuid> heard = renewed;

    /** The topics that were made anew since the last call. */
    Set<String> news() {
      Map<String, Uuid> now = renewed;
      if (now == heard) {
        return Set.of();
      }
      Map<String, Uuid> before = heard;
      heard = now;
      return now.entrySet().stream()
          .filter(topic -> !topic.getValue().equals(before.get(topic.getKey())))
          .map(Map.Entry::getKey)
          .collect(Collectors.toUnmodifiableSet());
    }
  }
}
