package dev.weir.curation;

import dev.weir.service.ops.Health.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.KafkaStreams;
import org.jspecify.annotations.Nullable;

/**
 * Says whether curation works: it has partitions, or others have had the time to take them; their
 * state is restored; and no position stands still.
 *
 * <p>Thread-safe; reads what others have found out.
 */
final class CurationStatus {

  /** After this a member that died is out of the group, and its partitions are with others. */
  private static final Duration ASSIGNED_BY =
      Duration.ofMillis(2L * StreamsProperties.SESSION_TIMEOUT_MS);

  private static final Duration SILENCE = Duration.ofSeconds(60);

  private final KafkaStreams streams;
  private final FaultPolicy faults;
  private final Restores restores;
  private final ProgressWatch progress;
  private final InstantSource clock;
  private @Nullable Instant idleSince; // guarded by this

  CurationStatus(
      KafkaStreams streams,
      FaultPolicy faults,
      Restores restores,
      ProgressWatch progress,
      InstantSource clock) {
    this.streams = streams;
    this.faults = faults;
    this.restores = restores;
    this.progress = progress;
    this.clock = clock;
  }

  Status of(KafkaStreams.State state) {
    Set<String> missing = progress.missing();
    if (!missing.isEmpty()) {
      return new Status.Down(
          "the topics %s are missing; a start of any service of Weir makes them, or make them by"
                  .formatted(missing)
              + " hand: then it goes on by itself");
    }
    String trouble = faults.trouble();
    if (trouble != null) {
      return new Status.Down(trouble + "; it is tried again, see the log for the cause");
    }
    if (state != KafkaStreams.State.RUNNING) {
      return new Status.Down(
          "takes over its partitions and restores its state: %d partitions of stores are left"
              .formatted(restores.restoring()));
    }
    Map<String, Duration> stalled = progress.stalled();
    if (!stalled.isEmpty()) {
      Map.Entry<String, Duration> first = stalled.entrySet().iterator().next();
      return new Status.Down(
          "does not get past %s for %d s (%d partitions stand still while their lag grows)"
              .formatted(first.getKey(), first.getValue().toSeconds(), stalled.size()));
    }
    Duration silence = progress.silence();
    if (silence.compareTo(SILENCE) > 0) {
      return new Status.Down(
          "the broker has not said for %d s how far curation is: %s"
              .formatted(silence.toSeconds(), progress.unanswered()));
    }
    return assigned();
  }

  private synchronized Status assigned() {
    int tasks =
        streams.metadataForLocalThreads().stream()
            .mapToInt(thread -> thread.activeTasks().size())
            .sum();
    if (tasks > 0) {
      idleSince = null;
      return new Status.Up("running with " + tasks + " tasks");
    }
    Instant now = clock.instant();
    if (idleSince == null) {
      idleSince = now;
    }
    return Duration.between(idleSince, now).compareTo(ASSIGNED_BY) < 0
        ? new Status.Down("has no partitions yet; a former member may still hold them")
        : new Status.Up("running without tasks: the group's other members have all partitions");
  }
}
