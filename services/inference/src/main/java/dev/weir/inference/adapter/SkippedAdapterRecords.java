package dev.weir.inference.adapter;

import dev.weir.inference.meter.InferenceMeters;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the records of the adapters topic that are skipped, and logs the first of them and then
 * one in ten seconds, with position and key. Belongs to the watcher's thread.
 */
public final class SkippedAdapterRecords {

  private static final Logger LOG = LoggerFactory.getLogger(SkippedAdapterRecords.class);

  private static final long LOG_EVERY = TimeUnit.SECONDS.toNanos(10);
  private static final int SHOWN = 100;
  private static final List<String> REASONS =
      List.of("unreadable", "bad-name", "foreign-key", "too-many-adapters", "too-many-records");

  private final MeterRegistry meters;
  private long logged;
  private long unlogged;
  private boolean any;

  /** Counts into {@code meters}. */
  public SkippedAdapterRecords(MeterRegistry meters) {
    this.meters = meters;
    // From 0 on: an alert sees no increase of a counter that is born with its first value.
    REASONS.forEach(reason -> InferenceMeters.ADAPTER_RECORDS_SKIPPED.counter(meters, reason));
  }

  /** Counts where nobody looks. */
  static SkippedAdapterRecords unmetered() {
    return new SkippedAdapterRecords(new SimpleMeterRegistry());
  }

  void skip(ConsumerRecord<byte[], byte[]> record, String reason, String problem) {
    InferenceMeters.ADAPTER_RECORDS_SKIPPED.counter(meters, reason).increment();
    long now = System.nanoTime();
    if (any && now - logged < LOG_EVERY) {
      unlogged++;
      return;
    }
    LOG.warn(
        "{}-{}@{} under the key {} is skipped, {}: {}{}",
        record.topic(),
        record.partition(),
        record.offset(),
        escaped(record.key()),
        reason,
        escaped(problem.getBytes(StandardCharsets.UTF_8)),
        unlogged == 0 ? "" : "; " + unlogged + " others were skipped since the last such line");
    any = true;
    logged = now;
    unlogged = 0;
  }

  /** Printable ASCII, the rest as escapes: a key may not forge a line of the log. */
  private static String escaped(byte[] bytes) {
    if (bytes == null) {
      return "null";
    }
    StringBuilder text = new StringBuilder("'");
    for (int i = 0; i < Math.min(bytes.length, SHOWN); i++) {
      char c = (char) (bytes[i] & 0xff);
      if (c >= ' ' && c < 127 && c != '\'' && c != '\\') {
        text.append(c);
      } else {
        text.append("\\x%02x".formatted((int) c));
      }
    }
    return text.append(bytes.length > SHOWN ? "…'" : "'").toString();
  }
}
