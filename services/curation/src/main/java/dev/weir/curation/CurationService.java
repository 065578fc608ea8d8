package dev.weir.curation;

import dev.weir.curation.batch.PublishedBatches;
import dev.weir.curation.deadletter.KnownFaults;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.service.kafka.SkippedRecords;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Health.Status;
import dev.weir.service.ops.Metrics;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.errors.StreamsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns feedback into labeled examples and training batches for as long as it runs.
 *
 * <p>The topics must exist before the start. Start and close are idempotent and thread-safe; a
 * closed service does not start again. The work is done by Kafka Streams' own threads.
 */
public final class CurationService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(CurationService.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final CurationConfig config;
  private final Metrics metrics;
  private final FaultPolicy faults;
  private final Restores restores = new Restores();
  private final RenewedTopics renewed = new RenewedTopics();
  private final InstantSource steady = new SteadyClock();
  private final Properties extra;
  private boolean closed;
  private @Nullable KafkaStreams streams;
  private @Nullable KafkaStreamsMetrics streamsMetrics;
  private volatile @Nullable CurationStatus status;
  private @Nullable ProgressWatch progress;
  private volatile KafkaStreams.State state = KafkaStreams.State.CREATED;

  /** A service; it shows its state in {@code health} as {@code curation}. */
  public CurationService(CurationConfig config, Metrics metrics, Health health) {
    this(config, metrics, health, new Properties());
  }

  /** The same with further properties of Kafka Streams, such as a defect that a test plants. */
  CurationService(CurationConfig config, Metrics metrics, Health health, Properties extra) {
    this.config = config;
    this.metrics = metrics;
    this.extra = extra;
    this.faults = new FaultPolicy(steady, metrics.registry());
    health.register("curation", this::status);
  }

  /**
   * Starts to work; returns at once, {@code health} tells when it is under way.
   *
   * @throws CurationException if the state directory cannot be used, or belongs to another number
   *     of partitions
   * @throws dev.weir.service.process.BrokerUnavailableException if the broker does not answer
   */
  public synchronized void start() {
    if (streams != null || closed) {
      return;
    }
    InstantSource clock = InstantSource.system();
    KnownFaults known = new KnownFaults();
    RecordFaults records = new RecordFaults(config.topics(), metrics.registry(), clock, known);
    Properties properties = StreamsProperties.of(config, records, clock);
    properties.putIfAbsent(
        ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
        InstanceId.of(config.stateDir(), config.applicationId()));
    properties.putAll(extra);
    PublishedBatches numbers =
        new PublishedBatches(
            config.kafka(),
            config.topics().trainingBatches(),
            new SkippedRecords(metrics.registry()).of(config.topics().trainingBatches()));
    Topology topology =
        CurationTopology.build(
            config, metrics.registry(), metrics.tracing(), known, numbers, properties);
    TopologyDescription described = topology.describe();
    LOG.debug("{}", described);
    CurationMeters.atZero(
        metrics.registry(), config.adapters(), inputs(), readTopics(), steps(described));
    KafkaStreams opened = open(topology, properties);
    try {
      new InternalTopics(config).check();
    } catch (RuntimeException e) {
      opened.close(CLOSE_TIMEOUT);
      throw e;
    }
    opened.setUncaughtExceptionHandler(faults);
    opened.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            restores.ended(); // A thread runs when all of its active tasks are restored.
          }
          state = now;
        });
    opened.setGlobalStateRestoreListener(restores);
    progress =
        new ProgressWatch(
            config.kafka(),
            config.applicationId(),
            readTopics(),
            inputs(),
            tasks(topology),
            renewed,
            steady,
            metrics.registry());
    progress.start();
    status = new CurationStatus(opened, faults, restores, progress, steady);
    streamsMetrics = new KafkaStreamsMetrics(opened, List.of(Tag.of("role", "curation")));
    streamsMetrics.bindTo(metrics.registry());
    CommonMeters.disk(metrics.registry(), "streams-state", config.stateDir());
    streams = opened;
    opened.start();
  }

  /** Commits what was read, leaves the consumer group and frees the state directory. */
  @Override
  public synchronized void close() {
    closed = true;
    faults.close();
    if (progress != null) {
      progress.close();
      progress = null;
    }
    KafkaStreams opened = streams;
    if (opened != null) {
      streams = null;
      // Leaving lets the next start have the partitions at once, not after the session's timeout.
      CloseOptions leave =
          CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
              .withTimeout(CLOSE_TIMEOUT);
      if (!opened.close(leave)) {
        LOG.warn(
            "curation did not stop within {} s; what was not committed is read again at the next start",
            CLOSE_TIMEOUT.toSeconds());
      }
    }
    if (streamsMetrics != null) {
      streamsMetrics.close();
      streamsMetrics = null;
    }
  }

  private KafkaStreams open(Topology topology, Properties properties) {
    try {
      BoundedRecords bounds = new BoundedRecords(inputs(), metrics.registry());
      return new KafkaStreams(topology, properties, new BoundedClients(inputs(), bounds, renewed));
    } catch (StreamsException e) {
      throw new CurationException(
          "state-directory",
          "curation cannot use the state directory "
              + config.stateDir().toAbsolutePath()
              + " ("
              + e.getMessage()
              + "); stop the other process that uses it, make it writable,"
              + " or set WEIR_CURATION_STATE_DIR",
          e);
    }
  }

  private Status status() {
    return switch (state) {
      case CREATED -> new Status.Down("not started");
      case RUNNING, REBALANCING -> working();
      case PENDING_SHUTDOWN, NOT_RUNNING -> new Status.Down("closed");
      case PENDING_ERROR, ERROR -> new Status.Dead(fault());
    };
  }

  private Status working() {
    CurationStatus now = status;
    return now == null ? new Status.Down("not started") : now.of(state);
  }

  /** The nodes at which code of ours can fail. */
  private static List<String> steps(TopologyDescription topology) {
    return topology.subtopologies().stream()
        .flatMap(part -> part.nodes().stream())
        .map(TopologyDescription.Node::name)
        .sorted()
        .toList();
  }

  private List<String> readTopics() {
    List<String> topics = new ArrayList<>(InternalTopics.repartition(config));
    topics.addAll(inputs());
    return topics;
  }

  private Set<String> inputs() {
    return Set.of(
        config.topics().feedback(), config.topics().reviews(), config.topics().classifications());
  }

  /** Partitions of one number are one task where their topics are read by one sub-topology. */
  private Function<TopicPartition, Object> tasks(Topology topology) {
    Map<String, Integer> parts = new HashMap<>();
    topology
        .describe()
        .subtopologies()
        .forEach(
            part ->
                part.nodes().stream()
                    .filter(TopologyDescription.Source.class::isInstance)
                    .map(TopologyDescription.Source.class::cast)
                    .flatMap(source -> source.topicSet().stream())
                    .forEach(
                        topic -> {
                          parts.put(topic, part.id());
                          // Topics of its own are described without the application's name.
                          parts.put(config.applicationId() + "-" + topic, part.id());
                        }));
    return partition -> List.of(parts.getOrDefault(partition.topic(), -1), partition.partition());
  }

  private String fault() {
    Throwable fatal = faults.fatal();
    Throwable root = fatal == null ? null : FaultPolicy.root(fatal);
    return "stopped by " + root + "; see the log, remove the cause and start again";
  }
}
