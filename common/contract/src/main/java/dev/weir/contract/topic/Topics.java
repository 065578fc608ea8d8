package dev.weir.contract.topic;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The names and settings of Weir's topics, under one prefix.
 *
 * @param prefix stands before each name; empty for none
 */
public record Topics(String prefix) {

  /** Room for records over our own limits, so that they reach the dead-letter topic whole. */
  public static final int MAX_MESSAGE_BYTES = 4 << 20;

  /** A dead letter is the original record and its headers. */
  public static final int MAX_DEAD_LETTER_BYTES = MAX_MESSAGE_BYTES + (64 << 10);

  /**
   * A hundred years. Kafka takes larger numbers; tools that read YAML as JSON keep none above 2^53.
   */
  private static final long YEARS_100_MS = 100L * 365 * 24 * 3600 * 1000;

  /** Topics without a prefix. */
  public static final Topics DEFAULT = new Topics("");

  /** Texts to classify, by review id. */
  public String reviews() {
    return prefix + "reviews";
  }

  /** Answers, by review id. */
  public String classifications() {
    return prefix + "classifications";
  }

  /** What shadow versions would have answered, by review id; nobody is answered from here. */
  public String shadowClassifications() {
    return prefix + "shadow-classifications";
  }

  /** Labels, verdicts and stars from people and systems. */
  public String feedback() {
    return prefix + "feedback";
  }

  /** The curated data set, by adapter and text hash; compacted. */
  public String examples() {
    return prefix + "examples";
  }

  /** Closed batches, by adapter. */
  public String trainingBatches() {
    return prefix + "training-batches";
  }

  /**
   * Releases by adapter and version, champions and plans by adapter; compacted. One partition, so
   * that every replica sees releases in the same order and the newest wins everywhere.
   */
  public String adapters() {
    return prefix + "adapters";
  }

  /** Reviews that a person should label next. */
  public String labelRequests() {
    return prefix + "label-requests";
  }

  /** Progress of running trainings; for consoles and dashboards only. */
  public String trainingEvents() {
    return prefix + "training-events";
  }

  /** The dead-letter topic of an input topic. */
  public String deadLetters(String topic) {
    return topic + ".dlq";
  }

  /**
   * All topics with their settings.
   *
   * @param partitions partitions of the topics that scale out
   * @param replication replicas of each topic; at most the number of brokers
   */
  public List<TopicSpec> all(int partitions, short replication) {
    // Uncompressed: the broker unpacks what producers send, and its limit holds for the result.
    // Else 10 kB may be one record of hundreds of MB, which Kafka's client unpacks as a whole.
    Map<String, String> large =
        Map.of(
            "compression.type", "uncompressed",
            "max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES),
            "retention.ms", Long.toString(30L * 24 * 3600 * 1000));
    Map<String, String> day30 = ours("retention.ms", Long.toString(30L * 24 * 3600 * 1000));
    Map<String, String> dead =
        ours(
            "max.message.bytes",
            Integer.toString(MAX_DEAD_LETTER_BYTES),
            "retention.ms",
            Long.toString(90L * 24 * 3600 * 1000));
    Map<String, String> examples =
        ours("cleanup.policy", "compact", "max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES));
    return List.of(
        new TopicSpec(reviews(), partitions, replication, large),
        new TopicSpec(classifications(), partitions, replication, day30),
        new TopicSpec(shadowClassifications(), partitions, replication, day30),
        new TopicSpec(feedback(), partitions, replication, large),
        new TopicSpec(examples(), partitions, replication, examples),
        new TopicSpec(trainingBatches(), partitions, replication, ours("retention.ms", "-1")),
        new TopicSpec(adapters(), 1, replication, ours("cleanup.policy", "compact")),
        new TopicSpec(labelRequests(), partitions, replication, day30),
        new TopicSpec(trainingEvents(), 1, replication, ours("retention.ms", "86400000")),
        new TopicSpec(deadLetters(reviews()), partitions, replication, dead),
        new TopicSpec(deadLetters(feedback()), partitions, replication, dead));
  }

  /**
   * Settings of a topic that only Weir writes. It takes records of times far ahead: ours are of
   * now, and a broker whose clock is an hour behind would refuse them otherwise.
   */
  private static Map<String, String> ours(String... settings) {
    Map<String, String> config = new HashMap<>();
    config.put("message.timestamp.after.max.ms", Long.toString(YEARS_100_MS));
    for (int i = 0; i < settings.length; i += 2) {
      config.put(settings[i], settings[i + 1]);
    }
    return config;
  }
}
