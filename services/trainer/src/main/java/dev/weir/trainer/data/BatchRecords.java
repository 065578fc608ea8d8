package dev.weir.trainer.data;

import dev.weir.contract.event.TrainingBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads the records of the topic of batches. What it lets through can be trained and decided.
 *
 * <p>Thread-safe.
 */
public final class BatchRecords {

  private final SkippedRecords skipped;

  /** A reader that counts what it leaves out. */
  public BatchRecords(SkippedRecords skipped) {
    this.skipped = skipped;
  }

  /** A batch; empty for a tombstone, and for what is no batch, which is counted and logged. */
  public Optional<TrainingBatch> read(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    List<TrainingBatch> read = new ArrayList<>(1);
    skipped.read(
        record,
        () -> read.add(SkippedRecords.whole(TrainingBatch.read(record.key(), record.value()))));
    return read.stream().findFirst();
  }
}
