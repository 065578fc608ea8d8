package dev.weir.curation;

import dev.weir.common.ops.CommonMeters;
import dev.weir.common.ops.Health;
import dev.weir.common.ops.Health.Status;
import dev.weir.common.ops.Metrics;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
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
  private final FaultPolicy faults = new FaultPolicy(Clock.systemUTC());
  private boolean closed;
  private @Nullable KafkaStreams streams;
  private @Nullable KafkaStreamsMetrics streamsMetrics;
  private volatile KafkaStreams.State state = KafkaStreams.State.CREATED;

  /** A service; it shows its state in {@code health} as {@code curation}. */
  public CurationService(CurationConfig config, Metrics metrics, Health health) {
    this.config = config;
    this.metrics = metrics;
    health.register("curation", this::status);
  }

  /**
   * Starts to work; returns at once, {@code health} tells when it is under way.
   *
   * @throws CurationException if the state directory cannot be used
   */
  public synchronized void start() {
    if (streams != null || closed) {
      return;
    }
    Properties properties = StreamsProperties.of(config);
    Topology topology = CurationTopology.build(config, metrics.registry(), metrics.tracing());
    LOG.debug("{}", topology.describe());
    KafkaStreams opened = open(topology, properties);
    opened.setUncaughtExceptionHandler(faults);
    opened.setStateListener((now, before) -> state = now);
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
      return new KafkaStreams(topology, properties);
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
      case RUNNING -> new Status.Up("running");
      case CREATED -> new Status.Down("not started");
      case REBALANCING -> new Status.Down("takes over its partitions and restores its state");
      case PENDING_SHUTDOWN, NOT_RUNNING -> new Status.Down("closed");
      case PENDING_ERROR, ERROR -> new Status.Dead(fault());
    };
  }

  private String fault() {
    Throwable fatal = faults.fatal();
    Throwable root = fatal;
    while (root != null && root.getCause() != null) {
      root = root.getCause();
    }
    return "stopped by " + root + "; see the log, remove the cause and start again";
  }
}
