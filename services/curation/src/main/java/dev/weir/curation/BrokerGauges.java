package dev.weir.curation;

import dev.weir.curation.meter.CurationMeters;
import dev.weir.service.ops.GaugeSet;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the brokers say of themselves to any client: how full their disks are, and how many
 * partitions are short of replicas. It needs no agent in the broker. Disks need the right to
 * describe the cluster; without it there is no series, and the log says so once.
 *
 * <p>Owned by the thread {@code curation-progress}.
 */
final class BrokerGauges {

  private static final Logger LOG = LoggerFactory.getLogger(BrokerGauges.class);
  private static final long ANSWER_SECONDS = 10;

  private final GaugeSet free;
  private final GaugeSet size;
  private final GaugeSet underReplicated;
  private final GaugeSet offline;
  private boolean told;

  BrokerGauges(MeterRegistry registry) {
    free = new GaugeSet(CurationMeters.BROKER_DISK_FREE, registry);
    size = new GaugeSet(CurationMeters.BROKER_DISK_SIZE, registry);
    underReplicated = new GaugeSet(CurationMeters.UNDER_REPLICATED, registry);
    offline = new GaugeSet(CurationMeters.OFFLINE, registry);
  }

  /** Takes note of how the partitions of these topics are. */
  void replicas(Collection<TopicDescription> topics) {
    int few = 0;
    int headless = 0;
    for (TopicDescription topic : topics) {
      for (TopicPartitionInfo partition : topic.partitions()) {
        few += partition.isr().size() < partition.replicas().size() ? 1 : 0;
        headless += partition.leader() == null || partition.leader().isEmpty() ? 1 : 0;
      }
    }
    underReplicated.set(few);
    offline.set(headless);
  }

  /** Asks the brokers for their disks; that they do not say is no fault of curation's. */
  void disks(Admin admin) throws InterruptedException {
    try {
      List<Integer> brokers = new ArrayList<>();
      for (Node node : admin.describeCluster().nodes().get(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        brokers.add(node.id());
      }
      Set<List<String>> shown = new HashSet<>();
      for (Map.Entry<Integer, Map<String, LogDirDescription>> broker :
          admin
              .describeLogDirs(brokers)
              .allDescriptions()
              .get(ANSWER_SECONDS, TimeUnit.SECONDS)
              .entrySet()) {
        broker
            .getValue()
            .forEach(
                (directory, disk) -> {
                  if (disk.totalBytes().isPresent() && disk.usableBytes().isPresent()) {
                    String id = Integer.toString(broker.getKey());
                    size.set((double) disk.totalBytes().getAsLong(), id, directory);
                    free.set((double) disk.usableBytes().getAsLong(), id, directory);
                    shown.add(List.of(id, directory));
                  }
                });
      }
      free.removeIf(labels -> !shown.contains(labels));
      size.removeIf(labels -> !shown.contains(labels));
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      free.removeIf(labels -> true);
      size.removeIf(labels -> true);
      if (!told) {
        told = true;
        LOG.info(
            "the brokers do not say how full their disks are ({}); weir_broker_disk_… has no series",
            String.valueOf(e.getCause() == null ? e : e.getCause()));
      }
    }
  }
}
