package dev.weir.contract.topic;

import java.util.Map;

/**
 * One topic as it should be.
 *
 * @param name full name
 * @param partitions number of partitions
 * @param replication replicas of each partition
 * @param config topic settings that differ from the broker's
 */
public record TopicSpec(
    String name, int partitions, short replication, Map<String, String> config) {

  /** Copies the settings. */
  public TopicSpec {
    config = Map.copyOf(config);
  }
}
