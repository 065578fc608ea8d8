package dev.weir.inference.stream;

import dev.weir.common.topic.Topics;
import java.util.Map;

/**
 * How reviews are read and answered.
 *
 * @param kafka client properties, with the brokers
 * @param topics the topics' names
 * @param instanceId tells this process from its replicas; part of the transactional id
 * @param pollRecords most reviews per transaction
 * @param labelRequestMargin a label is asked for below this margin; 0 asks for none
 * @param baseDigest sha-256 (hex) of the base model's weight file
 */
public record StreamConfig(
    Map<String, Object> kafka,
    Topics topics,
    String instanceId,
    int pollRecords,
    double labelRequestMargin,
    String baseDigest) {

  /** Copies the client properties. */
  public StreamConfig {
    kafka = Map.copyOf(kafka);
  }

  /** The consumer group that shares the reviews. */
  public String group() {
    return topics.prefix() + "weir-inference";
  }

  String transactionalId() {
    return group() + "-" + instanceId;
  }
}
