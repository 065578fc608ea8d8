package dev.weir.trainer.data;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.event.EventJson;
import dev.weir.common.event.TrainingBatch;
import java.time.Instant;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads the records of the topic of batches. What it lets through can be trained and decided.
 *
 * <p>Thread-safe.
 */
public final class BatchRecords {

  private static final int MOST_ID_CHARACTERS = 512;
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private final SkippedRecords skipped;

  /** A reader that counts what it leaves out. */
  public BatchRecords(SkippedRecords skipped) {
    this.skipped = skipped;
  }

  /** A batch; empty for a tombstone, and for what is no batch, which is counted and logged. */
  public Optional<TrainingBatch> read(ConsumerRecord<byte[], byte[]> record) {
    byte[] value = record.value();
    if (value == null) {
      return Optional.empty();
    }
    TrainingBatch[] read = new TrainingBatch[1];
    skipped.read(
        record,
        () -> {
          TrainingBatch batch = EventJson.read(value, TrainingBatch.class);
          requireSound(batch);
          read[0] = batch;
        });
    return Optional.ofNullable(read[0]);
  }

  /** A batch is not ours to mend: one that nobody could decide is refused as a whole. */
  private static void requireSound(TrainingBatch batch) {
    Objects.requireNonNull(batch, "the record is the JSON text null");
    var unused = new AdapterId(Objects.requireNonNull(batch.adapter(), "adapter"), 1);
    Objects.requireNonNull(batch.id(), "id");
    if (batch.id().isBlank() || batch.id().length() > MOST_ID_CHARACTERS) {
      throw new IllegalArgumentException("a batch's id has 1 to 512 characters");
    }
    if (batch.size() < 0) {
      throw new IllegalArgumentException("a batch of " + batch.size() + " examples");
    }
    if (batch.labels().isEmpty()
        || batch.labels().stream().anyMatch(String::isBlank)
        || new HashSet<>(batch.labels()).size() < batch.labels().size()) {
      throw new IllegalArgumentException("a batch's labels are at least one, none empty or twice");
    }
    requireSound(batch.lastFeedbackAt());
    requireSound(batch.closedAt());
  }

  private static void requireSound(Instant time) {
    if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
      throw new IllegalArgumentException("the time " + time + " is not in the years 1970 to 9999");
    }
  }
}
