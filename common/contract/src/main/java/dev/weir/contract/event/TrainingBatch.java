package dev.weir.contract.event;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A closed batch of new examples, as it stands on the {@code training-batches} topic under its
 * adapter. It names and counts the examples; they themselves are on {@code examples} under {@link
 * Example#batchId()}.
 *
 * @param id unique and stable: the same input yields the same id after a crash
 * @param adapter the adapter to train
 * @param sequence 1 for the adapter's first batch, then one more each
 * @param labels the adapter's canonical labels, in order: the head's rows
 * @param counts examples per split and label
 * @param size examples in the batch; a reader has all of them when it has seen this many different
 *     keys with the batch's id (a correction within the batch repeats a key)
 * @param closedBy why the batch was closed
 * @param firstFeedbackAt when its oldest feedback was given
 * @param lastFeedbackAt when its newest feedback was given
 * @param openedAt when its first example came
 * @param closedAt when it was closed
 * @param input first and last feedback record per topic-partition
 */
public record TrainingBatch(
    String id,
    String adapter,
    long sequence,
    List<String> labels,
    Map<Split, Map<String, Integer>> counts,
    int size,
    CloseReason closedBy,
    Instant firstFeedbackAt,
    Instant lastFeedbackAt,
    Instant openedAt,
    Instant closedAt,
    List<InputRange> input) {

  /** The highest sequence that is read: the next batch is one above the highest. */
  private static final long MOST_BATCHES = 1_000_000_000_000L;

  /** Copies the collections. */
  public TrainingBatch {
    labels = List.copyOf(labels);
    counts = Map.copyOf(counts);
    input = List.copyOf(input);
  }

  /** Why a batch was closed. */
  public enum CloseReason {
    /** It reached the configured number of examples. */
    COUNT,
    /** Its oldest example reached the configured age; wall clock, so silence closes it too. */
    AGE,
    /** The live accuracy of the serving version fell below the configured floor. */
    ACCURACY_DROP
  }

  /**
   * A span of records of one partition, both ends included.
   *
   * @param topic the topic's full name
   * @param partition the partition
   * @param firstOffset offset of the first record
   * @param lastOffset offset of the last record
   */
  public record InputRange(String topic, int partition, long firstOffset, long lastOffset) {}

  /** Reads a record of the {@code training-batches} topic; see {@link OwnRecords}. */
  public static Parsed<TrainingBatch> read(byte @Nullable [] key, byte @Nullable [] value) {
    return OwnRecords.read(
        value,
        TrainingBatch.class,
        batch -> {
          OwnRecords.requireAdapter(batch.adapter());
          OwnRecords.requireName("id", batch.id());
          OwnRecords.requireAtLeast("sequence", 1, batch.sequence());
          OwnRecords.requireAtMost("sequence", MOST_BATCHES, batch.sequence());
          OwnRecords.requireAtLeast("size", 0, batch.size());
          OwnRecords.requireLabels(batch.labels());
          OwnRecords.requireKey(key, batch.adapter());
        });
  }
}
