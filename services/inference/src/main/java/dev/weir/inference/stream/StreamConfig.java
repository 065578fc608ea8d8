package dev.weir.inference.stream;

import dev.weir.contract.topic.Topics;
import java.util.Map;

/**
 * How reviews are read and answered.
 *
 * @param kafka client properties, with the brokers
 * @param topics the topics' names
 * @param instanceId tells this process from its replicas; part of the transactional ids
 * @param delivery what a failure may do to the answers
 * @param streams consumers of this process, each with a producer and a thread; at least 1
 * @param pollRecords most reviews per transaction
 * @param labelRequestMargin a label is asked for below this margin; 0 asks for none
 * @param baseDigest sha-256 (hex) of the base model's weight file
 */
public record StreamConfig(
    Map<String, Object> kafka,
    Topics topics,
    String instanceId,
    Delivery delivery,
    int streams,
    int pollRecords,
    double labelRequestMargin,
    String baseDigest) {

  /** Copies the client properties. */
  public StreamConfig {
    kafka = Map.copyOf(kafka);
    if (streams < 1) {
      throw new IllegalArgumentException("streams must be at least 1, was " + streams);
    }
  }

  /** The consumer group that shares the reviews. */
  public String group() {
    return topics.prefix() + "weir-inference";
  }

  /** Two producers of one id fence each other, so each stream of a process has its own. */
  String transactionalId(int stream) {
    return group() + "-" + instanceId + "-" + stream;
  }
}
