package dev.weir.inference.release;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Release;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.ops.GaugeSet;
import dev.weir.service.ops.Timers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The meters of loading: outcomes by reason, times, and what answers for each adapter. Thread-safe.
 */
final class LoadMeters {

  private final MeterRegistry meters;
  private final Clock clock;
  private final Instant startedAt;
  private final Timer loads;
  private final Timer freshness;
  private final GaugeSet versions;
  private final GaugeSet feedback;
  private final Map<String, Integer> newest = new ConcurrentHashMap<>();

  LoadMeters(MeterRegistry meters, Clock clock) {
    this.meters = meters;
    this.clock = clock;
    this.startedAt = clock.instant();
    this.loads = InferenceMeters.LOAD_DURATION.timer(meters);
    this.freshness = InferenceMeters.FRESHNESS.timer(meters);
    this.versions = new GaugeSet(InferenceMeters.ADAPTER_VERSION, meters);
    this.feedback = new GaugeSet(InferenceMeters.ADAPTER_FEEDBACK, meters);
  }

  void loaded(Duration took) {
    count("loaded", "none");
    loads.record(took);
  }

  void failed(String reason) {
    count("failed", reason);
  }

  /**
   * Shows who answers for an adapter from now on.
   *
   * @param release the champion's, when it is known
   */
  void answers(String adapter, @Nullable AdapterId champion, @Nullable Release release) {
    if (champion == null) {
      versions.remove(adapter);
      feedback.remove(adapter);
      return;
    }
    versions.set(champion.version(), adapter);
    if (release == null) {
      feedback.remove(adapter);
      return;
    }
    Instant newestFeedback = release.lastFeedbackAt();
    feedback.set(newestFeedback.getEpochSecond() + newestFeedback.getNano() / 1e9, adapter);
    // A start loads releases of days ago, and a rollback old ones again: neither tells how long the
    // loop takes.
    int before = newest.merge(adapter, champion.version(), Math::max);
    if (before == champion.version() && release.createdAt().isAfter(startedAt)) {
      Timers.record(freshness, newestFeedback, clock.instant());
    }
  }

  private void count(String result, String reason) {
    InferenceMeters.LOADS.counter(meters, result, reason).increment();
  }
}
