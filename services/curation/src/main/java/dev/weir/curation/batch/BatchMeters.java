package dev.weir.curation.batch;

import dev.weir.contract.event.Example;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.curation.meter.CurationMeters;
import dev.weir.service.ops.GaugeSet;
import dev.weir.service.ops.Timers;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/** The meters of examples and batches. Thread-safe; shared by the tasks of a process. */
public final class BatchMeters {

  private final MeterRegistry registry;
  private final Timer durations;
  private final GaugeSet open;
  private final GaugeSet missing;
  private final GaugeSet newest;
  private final GaugeSet closed;

  /** Registers with {@code registry}. */
  public BatchMeters(MeterRegistry registry) {
    this.registry = registry;
    this.durations = CurationMeters.BATCH_DURATION.timer(registry);
    this.open = new GaugeSet(CurationMeters.OPEN_EXAMPLES, registry);
    this.missing = new GaugeSet(CurationMeters.MISSING, registry);
    this.newest = new GaugeSet(CurationMeters.FEEDBACK, registry);
    this.closed = new GaugeSet(CurationMeters.BATCH_CLOSED, registry);
  }

  void added(Example example, boolean correction) {
    CurationMeters.ACCEPTED.counter(registry, example.adapter()).increment();
    if (correction) {
      CurationMeters.CORRECTIONS.counter(registry, example.adapter()).increment();
    }
    newest.raise(example.feedbackAt().toEpochMilli() / 1000.0, example.adapter());
  }

  void open(String adapter, OpenBatch batch, BatchPolicy policy) {
    open.set(batch.size(), adapter);
    missing.set(Math.max(0, policy.size() - batch.size()), adapter, "examples");
    missing.set(policy.missing(batch, Split.TRAIN), adapter, "train");
    missing.set(policy.missing(batch, Split.HOLDOUT), adapter, "holdout");
  }

  /** A defect of our own met one adapter's batch. */
  void failed() {
    CurationMeters.INTERNAL_ERRORS.counter(registry, "batch-close").increment();
  }

  void closed(TrainingBatch batch) {
    CurationMeters.BATCHES
        .counter(registry, batch.adapter(), CurationMeters.word(batch.closedBy()))
        .increment();
    closed.raise(batch.closedAt().toEpochMilli() / 1000.0, batch.adapter());
    Timers.record(durations, batch.openedAt(), batch.closedAt());
  }

  /** Another process has the adapter's batch now. */
  void moved(String adapter) {
    open.remove(adapter);
    missing.removeIf(labels -> labels.get(0).equals(adapter));
    newest.remove(adapter);
    closed.remove(adapter);
  }
}
