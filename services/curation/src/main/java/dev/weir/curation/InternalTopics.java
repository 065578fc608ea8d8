package dev.weir.curation;

import dev.weir.service.process.BrokerUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the internal topics of an application that ran before: their number of partitions must
 * be the configured one, and they must take any time.
 *
 * <p>Kafka Streams itself finds a wrong number only when tasks are assigned, and advises to reset
 * the application, which would lose its state.
 */
final class InternalTopics {

  private static final Logger LOG = LoggerFactory.getLogger(InternalTopics.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** No record of ours is too far ahead: a broker's clock may be behind ours. */
  static final String ANY_TIME = Long.toString(Long.MAX_VALUE);

  private final CurationConfig config;

  InternalTopics(CurationConfig config) {
    this.config = config;
  }

  /** The repartition topics, whether they exist or not. */
  static List<String> repartition(CurationConfig config) {
    return List.of(
        config.applicationId() + "-" + CurationTopology.BY_REVIEW + "-repartition",
        config.applicationId() + "-" + CurationTopology.BY_ADAPTER + "-repartition");
  }

  /**
   * Checks them.
   *
   * @throws CurationException if the number of partitions is another one
   * @throws BrokerUnavailableException if the broker does not answer
   */
  void check() {
    try (Admin admin = Admin.create(config.kafka())) {
      Map<String, Integer> found = partitions(admin, repartition(config));
      found.forEach(this::refuseOther);
      List<String> written = new ArrayList<>(partitions(admin, changelogs()).keySet());
      written.addAll(found.keySet());
      allowAnyTime(admin, written);
    } catch (ExecutionException | TimeoutException e) {
      throw new BrokerUnavailableException(
          "curation cannot look at its internal topics: "
              + (e.getCause() == null ? e : e.getCause())
              + "; check that the broker answers, and that this user may describe them",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerUnavailableException("interrupted while waiting for the broker", e);
    }
  }

  private void refuseOther(String topic, int partitions) {
    if (partitions != config.partitions()) {
      throw new CurationException(
          "partitions-changed",
          ("WEIR_CURATION_PARTITIONS is %d, but %s has %d partitions since the first start, and the"
                  + " state of curation is kept by them; start with WEIR_CURATION_PARTITIONS=%d."
                  + " For another number, see \"Another number of internal partitions\" in"
                  + " docs/operations.md")
              .formatted(config.partitions(), topic, partitions, partitions));
    }
  }

  /** The topics that stores are restored from, whether they exist or not. */
  private List<String> changelogs() {
    return CurationStores.all().stream()
        .map(store -> config.applicationId() + "-" + store.name() + "-changelog")
        .toList();
  }

  private static Map<String, Integer> partitions(Admin admin, List<String> topics)
      throws ExecutionException, InterruptedException, TimeoutException {
    Map<String, Integer> partitions = new TreeMap<>();
    Map<String, KafkaFuture<TopicDescription>> described =
        admin.describeTopics(topics).topicNameValues();
    for (Map.Entry<String, KafkaFuture<TopicDescription>> topic : described.entrySet()) {
      try {
        partitions.put(topic.getKey(), get(topic.getValue()).partitions().size());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
        // The first start; Kafka Streams makes it.
      }
    }
    return partitions;
  }

  /** Topics of an earlier version refuse what is an hour ahead of the broker. */
  private static void allowAnyTime(Admin admin, List<String> topics)
      throws InterruptedException, TimeoutException {
    List<ConfigResource> resources =
        topics.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    try {
      Map<ConfigResource, java.util.Collection<AlterConfigOp>> changes = new java.util.HashMap<>();
      for (Map.Entry<ConfigResource, Config> topic :
          get(admin.describeConfigs(resources).all()).entrySet()) {
        ConfigEntry limit = topic.getValue().get(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG);
        if (limit != null && !ANY_TIME.equals(limit.value())) {
          List<AlterConfigOp> set = new ArrayList<>();
          set.add(
              new AlterConfigOp(
                  new ConfigEntry(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, ANY_TIME),
                  OpType.SET));
          changes.put(topic.getKey(), set);
        }
      }
      if (!changes.isEmpty()) {
        get(admin.incrementalAlterConfigs(changes).all());
        LOG.info("{} take any time now", topics);
      }
    } catch (ExecutionException e) {
      LOG.warn(
          "{} keep their limit for times ahead of the broker's clock ({}); set {} there by hand",
          topics,
          String.valueOf(e.getCause()),
          TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG);
    }
  }

  private static <T> T get(KafkaFuture<T> future)
      throws ExecutionException, InterruptedException, TimeoutException {
    return future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
  }
}
