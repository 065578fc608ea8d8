package dev.weir.broker;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Kafka's settings for a single node that is broker and controller at once, small enough for a
 * laptop and quick under exactly-once.
 */
final class BrokerProperties {
  static final int NODE_ID = 1;
  static final String CONTROLLER_LISTENER = "CONTROLLER";
  private static final String CLIENT_LISTENER = "PLAINTEXT";
  private static final int MAX_MESSAGE_BYTES = 6 << 20;

  /** What this package decides itself; an override of one of these would break its promises. */
  private static final Set<String> OWNED =
      Set.of(
          "node.id",
          "process.roles",
          "listeners",
          "advertised.listeners",
          "listener.security.protocol.map",
          "inter.broker.listener.name",
          "controller.listener.names",
          "controller.quorum.voters",
          "controller.quorum.bootstrap.servers",
          "log.dir",
          "log.dirs",
          "metadata.log.dir");

  private BrokerProperties() {}

  static void requireOverridable(Set<String> names) {
    Set<String> refused = new TreeSet<>(names);
    refused.retainAll(OWNED);
    if (!refused.isEmpty()) {
      throw new IllegalArgumentException(
          "the embedded broker sets " + refused + " itself; take them out of the overrides");
    }
  }

  static Map<String, String> of(
      Path dataDir,
      int port,
      int controllerPort,
      Optional<SecuredListener> secured,
      Map<String, String> overrides) {
    Map<String, String> properties = new HashMap<>(TUNING);
    String client = LoopbackPorts.HOST + ":" + port;
    String controller = LoopbackPorts.HOST + ":" + controllerPort;
    properties.put("node.id", Integer.toString(NODE_ID));
    properties.put("process.roles", "broker,controller");
    properties.put("log.dirs", dataDir.toString());
    properties.put(
        "listeners",
        CLIENT_LISTENER + "://" + client + "," + CONTROLLER_LISTENER + "://" + controller);
    properties.put("advertised.listeners", CLIENT_LISTENER + "://" + client);
    properties.put("inter.broker.listener.name", CLIENT_LISTENER);
    properties.put("controller.listener.names", CONTROLLER_LISTENER);
    // The static quorum is read from here at each start, hence the controller's port may change.
    properties.put("controller.quorum.voters", NODE_ID + "@" + controller);
    secured.ifPresent(listener -> add(listener, properties));
    properties.putAll(overrides);
    return Map.copyOf(properties);
  }

  private static void add(SecuredListener listener, Map<String, String> properties) {
    String endpoint = "," + SecuredListener.NAME + "://" + listener.address();
    properties.merge("listeners", endpoint, String::concat);
    properties.merge("advertised.listeners", endpoint, String::concat);
    properties.put(
        "listener.security.protocol.map",
        "%s:PLAINTEXT,%s:PLAINTEXT,%s:%s"
            .formatted(
                CLIENT_LISTENER, CONTROLLER_LISTENER, SecuredListener.NAME, listener.protocol()));
  }

  private static final Map<String, String> TUNING =
      Map.ofEntries(
          // One node: its internal topics have one replica each.
          Map.entry("default.replication.factor", "1"),
          Map.entry("offsets.topic.replication.factor", "1"),
          Map.entry("offsets.topic.num.partitions", "8"),
          Map.entry("transaction.state.log.replication.factor", "1"),
          Map.entry("transaction.state.log.min.isr", "1"),
          Map.entry("transaction.state.log.num.partitions", "8"),
          Map.entry("share.coordinator.state.topic.replication.factor", "1"),
          Map.entry("share.coordinator.state.topic.min.isr", "1"),
          Map.entry("share.coordinator.state.topic.num.partitions", "8"),
          // Exactly-once latency, and no waits that only a cluster needs.
          Map.entry("add.partitions.to.txn.retry.backoff.ms", "1"),
          Map.entry("group.initial.rebalance.delay.ms", "0"),
          Map.entry("controller.quorum.append.linger.ms", "1"),
          // What a crashed client left open holds up the readers for its timeout and this much.
          Map.entry("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
          // After a crash the node's own former session must expire before it is let in again.
          Map.entry("broker.session.timeout.ms", "4000"),
          Map.entry("broker.heartbeat.interval.ms", "500"),
          // Adapters travel as chunks; no topic comes into being by a typing mistake.
          Map.entry("message.max.bytes", Integer.toString(MAX_MESSAGE_BYTES)),
          Map.entry("auto.create.topics.enable", "false"),
          // A laptop may be closed for weeks: the groups find their offsets again (90 days).
          Map.entry("offsets.retention.minutes", "129600"),
          // Threads, memory and preallocated files of a small host.
          Map.entry("num.network.threads", "2"),
          Map.entry("num.io.threads", "4"),
          Map.entry("background.threads", "2"),
          Map.entry("num.recovery.threads.per.data.dir", "1"),
          Map.entry("group.coordinator.threads", "1"),
          Map.entry("group.coordinator.background.threads", "1"),
          Map.entry("log.cleaner.dedupe.buffer.size", Integer.toString(16 << 20)),
          Map.entry("log.segment.bytes", Integer.toString(256 << 20)),
          Map.entry("log.index.size.max.bytes", Integer.toString(1 << 20)));
}
