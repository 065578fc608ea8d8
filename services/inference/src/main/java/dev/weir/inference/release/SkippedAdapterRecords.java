package dev.weir.inference.release;

import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.release.AdapterLedger;
import dev.weir.contract.release.Release;
import dev.weir.inference.meter.InferenceMeters;
import dev.weir.service.kafka.SkippedRecords;
import dev.weir.service.ops.GaugeSet;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts and logs the records of the adapters topic that are not taken in: those that are not
 * usable as all readers of our topics do ({@link SkippedRecords}), and those for which there is no
 * room by a counter of their own, with a line in ten seconds; and shows of those that are, up to
 * which batch the trainer has decided. Belongs to the watcher's thread.
 */
public final class SkippedAdapterRecords {

  private static final Logger LOG = LoggerFactory.getLogger(SkippedAdapterRecords.class);

  private static final long LOG_EVERY = TimeUnit.SECONDS.toNanos(10);
  private static final List<String> REASONS = List.of("too-many-adapters", "too-many-records");

  private final MeterRegistry meters;
  private final SkippedRecords unusable;
  private final GaugeSet decided;
  private long logged;
  private long unlogged;
  private boolean any;

  /** Counts into {@code meters}, what is skipped of {@code topic} from 0 on. */
  public SkippedAdapterRecords(MeterRegistry meters, String topic) {
    this.meters = meters;
    this.decided = new GaugeSet(InferenceMeters.DECIDED, meters);
    this.unusable = new SkippedRecords(meters).of(topic);
    // From 0 on: an alert sees no increase of a counter that is born with its first value.
    REASONS.forEach(reason -> InferenceMeters.ADAPTER_RECORDS_REFUSED.counter(meters, reason));
  }

  /** Counts where nobody looks. */
  public static SkippedAdapterRecords unmetered() {
    return new SkippedAdapterRecords(new SimpleMeterRegistry(), "adapters");
  }

  /** A decision stands on the topic; how far batches are decided shows whether the loop turns. */
  void decided(Release release) {
    decided.raise(release.batchClosedAt().toEpochMilli() / 1000.0, release.adapter());
  }

  void skip(ConsumerRecord<byte[], byte[]> record, Rejected<?> why) {
    unusable.skip(record, why);
  }

  void refuse(ConsumerRecord<byte[], byte[]> record, AdapterLedger.Refused why) {
    InferenceMeters.ADAPTER_RECORDS_REFUSED.counter(meters, why.reason()).increment();
    long now = System.nanoTime();
    if (any && now - logged < LOG_EVERY) {
      unlogged++;
      return;
    }
    LOG.warn(
        "{}-{}@{} is not taken in, {}: {}; {} others since the last such line",
        record.topic(),
        record.partition(),
        record.offset(),
        why.reason(),
        why.getMessage(),
        unlogged);
    any = true;
    logged = now;
    unlogged = 0;
  }
}
