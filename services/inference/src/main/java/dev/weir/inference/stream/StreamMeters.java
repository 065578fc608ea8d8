package dev.weir.inference.stream;

import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.jspecify.annotations.Nullable;

/** The meters of the review stream. Thread-safe. */
final class StreamMeters {

  private static final Duration OLDEST = Duration.ofDays(3650);

  private final MeterRegistry registry;
  private final Counter labelRequests;
  private final Counter committed;
  private final Counter rolledBack;
  private final Counter fenced;
  private final Timer transactions;
  private final Timer reviewAge;

  StreamMeters(MeterRegistry registry) {
    this.registry = registry;
    this.labelRequests = InferenceMeters.LABEL_REQUESTS.counter(registry);
    this.committed = InferenceMeters.TRANSACTIONS.counter(registry, "committed");
    this.rolledBack = InferenceMeters.TRANSACTIONS.counter(registry, "rolled-back");
    this.fenced = InferenceMeters.TRANSACTIONS.counter(registry, "fenced");
    this.transactions = InferenceMeters.TRANSACTION.timer(registry);
    this.reviewAge = InferenceMeters.REVIEW_AGE.timer(registry);
  }

  MeterRegistry registry() {
    return registry;
  }

  void labelRequested() {
    labelRequests.increment();
  }

  void deadLettered(String reason) {
    InferenceMeters.DEAD_LETTERS.counter(registry, reason).increment();
  }

  /**
   * A review was answered. A producer's clock that runs ahead counts as no time, and one that is
   * absurdly late as {@link #OLDEST}: its time is a stranger's.
   *
   * @param nowMs the time, in ms since the epoch
   * @param producedMs when the review was produced
   */
  void answered(long nowMs, long producedMs) {
    long age = producedMs < 0 ? OLDEST.toMillis() : nowMs - producedMs;
    reviewAge.record(Math.min(Math.max(0, age), OLDEST.toMillis()), TimeUnit.MILLISECONDS);
  }

  /** Shows for how long the partition has stood still that has done so longest. */
  void standstill(DoubleSupplier seconds) {
    InferenceMeters.STANDSTILL.gauge(registry, seconds::getAsDouble);
  }

  void committed(long beganNanos) {
    transactions.record(Duration.ofNanos(System.nanoTime() - beganNanos));
    committed.increment();
  }

  void rolledBack(RuntimeException why) {
    (isFenced(why) ? fenced : rolledBack).increment();
  }

  private static boolean isFenced(@Nullable Throwable why) {
    for (Throwable at = why; at != null; at = at.getCause()) {
      if (at instanceof ProducerFencedException || at instanceof InvalidProducerEpochException) {
        return true;
      }
    }
    return false;
  }
}
