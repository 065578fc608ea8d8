package dev.weir.service.kafka;

import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.Shown;
import dev.weir.contract.event.Utf8;
import dev.weir.service.ops.CommonMeters;
import dev.weir.service.ops.LoggedText;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts and logs the records of Weir's own topics that a reader passes over because they are not
 * usable.
 *
 * <p>Each one is counted by topic and reason. Of each topic and reason one line in {@link #EVERY}
 * is logged, with the record's position and how many were skipped since the line before; what the
 * record says stands in it as {@link LoggedText}. Thread-safe.
 */
public final class SkippedRecords {

  /** How often a line is logged for one topic and reason. */
  static final Duration EVERY = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(SkippedRecords.class);

  private final MeterRegistry registry;
  private final LongSupplier nanoTime;
  private final Map<Kind, Seen> seen = new ConcurrentHashMap<>();

  private record Kind(String topic, Reason reason) {}

  private static final class Seen {
    private final Counter counter;
    private final AtomicLong unlogged = new AtomicLong();
    private final AtomicLong loggedAt;

    Seen(Counter counter, long loggedAt) {
      this.counter = counter;
      this.loggedAt = new AtomicLong(loggedAt);
    }
  }

  /** Counts in a registry. */
  public SkippedRecords(MeterRegistry registry) {
    this(registry, System::nanoTime);
  }

  SkippedRecords(MeterRegistry registry, LongSupplier nanoTime) {
    this.registry = registry;
    this.nanoTime = nanoTime;
  }

  /** Has the counters of a topic begin at 0, so that an alert sees the first record, too. */
  public SkippedRecords of(String topic) {
    CommonMeters.SKIPPED.atZero(
        registry,
        List.of(List.of(topic), Arrays.stream(Reason.values()).map(Reason::code).toList()));
    return this;
  }

  /** A record was passed over for this reason. */
  public void skip(ConsumerRecord<byte[], byte[]> record, Rejected<?> why) {
    skip(new InputPosition(record.topic(), record.partition(), record.offset()), record.key(), why);
  }

  /** The same where the record itself is not at hand. */
  public void skip(InputPosition at, byte @Nullable [] key, Rejected<?> why) {
    long now = nanoTime.getAsLong();
    Seen kind =
        seen.computeIfAbsent(
            new Kind(at.topic(), why.reason()),
            each ->
                new Seen(
                    CommonMeters.SKIPPED.counter(registry, each.topic(), each.reason().code()),
                    now - EVERY.toNanos()));
    kind.counter.increment();
    kind.unlogged.incrementAndGet();
    long before = kind.loggedAt.get();
    if (now - before >= EVERY.toNanos() && kind.loggedAt.compareAndSet(before, now)) {
      LOG.warn(
          "{} under the key {} is skipped: {} ({}); {} skipped on {} for this reason since the last"
              + " such line",
          at,
          key == null ? "null" : Utf8.read(key).map(Shown::of).orElse("(not text)"),
          why.reason().code(),
          LoggedText.of(why.message()),
          kind.unlogged.getAndSet(0),
          at.topic());
    }
  }
}
