package dev.weir.curation.batch;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingBatch.CloseReason;
import dev.weir.contract.event.TrainingBatch.InputRange;
import dev.weir.curation.split.HoldoutSplit;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The batch of an adapter that still takes examples. It counts them and never holds them, so its
 * size in the store does not grow with the batch's.
 *
 * <p>Immutable. The sequence outlives the batch: the next one takes the next number, so the same
 * input leads to the same ids.
 *
 * @param sequence 1 for the adapter's first batch
 * @param counts different texts per split and label
 * @param labels the adapter's labels when the last example came
 * @param openedAt when the first example came, or {@code null} while there is none
 * @param firstFeedbackAt when the oldest feedback was given, or {@code null}
 * @param lastFeedbackAt when the newest feedback was given, or {@code null}
 * @param input first and last feedback record per partition
 * @param traces the traces of the newest examples that have one, as {@code traceparent}, at most
 *     {@link #TRACES}
 * @param holdoutShare the share by which its examples take sides, so that a setting that changes
 *     meanwhile holds from the next batch on; {@code null} in one of an earlier version
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record OpenBatch(
    long sequence,
    Map<Split, Map<String, Integer>> counts,
    List<String> labels,
    @Nullable Instant openedAt,
    @Nullable Instant firstFeedbackAt,
    @Nullable Instant lastFeedbackAt,
    List<InputRange> input,
    List<String> traces,
    @Nullable Double holdoutShare) {

  /**
   * As many traces of examples are remembered: a span may have 128 links, few are ever followed.
   */
  static final int TRACES = 32;

  OpenBatch {
    counts = Map.copyOf(counts);
    labels = List.copyOf(labels);
    input = List.copyOf(input);
    traces = traces == null ? List.of() : List.copyOf(traces); // Of an earlier version.
  }

  /** The empty batch of that number. */
  static OpenBatch empty(long sequence, double holdoutShare) {
    return new OpenBatch(
        sequence, Map.of(), List.of(), null, null, null, List.of(), List.of(), holdoutShare);
  }

  /** The split of this batch; {@code set} where it has none of its own. */
  HoldoutSplit split(HoldoutSplit set) {
    return holdoutShare == null || size() == 0 ? set : new HoldoutSplit(holdoutShare);
  }

  /** Different texts on one side of the batch. */
  int size(Split side) {
    return counts.getOrDefault(side, Map.of()).values().stream().mapToInt(Integer::intValue).sum();
  }

  /** The batch's id, known before it is closed: its examples carry it. */
  static String id(String adapter, long sequence) {
    return String.format("%s-%06d", adapter, sequence);
  }

  /** Different texts in the batch. */
  @JsonIgnore
  int size() {
    return counts.values().stream()
        .flatMap(labels -> labels.values().stream())
        .mapToInt(Integer::intValue)
        .sum();
  }

  /**
   * With one more example.
   *
   * @param replaced label that the same text had in this very batch until now, or {@code null}
   * @param share the share by which the example took its side
   */
  OpenBatch with(
      Example example,
      @Nullable String replaced,
      List<String> adapterLabels,
      double share,
      Instant now) {
    Map<Split, Map<String, Integer>> next = new EnumMap<>(Split.class);
    counts.forEach((split, labels) -> next.put(split, new TreeMap<>(labels)));
    Map<String, Integer> side = next.computeIfAbsent(example.split(), split -> new TreeMap<>());
    if (replaced != null) {
      side.computeIfPresent(replaced, (label, count) -> count == 1 ? null : count - 1);
    }
    side.merge(example.label(), 1, Integer::sum);
    Instant given = example.feedbackAt();
    return new OpenBatch(
        sequence,
        next,
        adapterLabels,
        openedAt == null ? now : openedAt,
        firstFeedbackAt == null || given.isBefore(firstFeedbackAt) ? given : firstFeedbackAt,
        lastFeedbackAt == null || given.isAfter(lastFeedbackAt) ? given : lastFeedbackAt,
        extended(example.feedback()),
        traces,
        share);
  }

  /** With the trace of one more example. */
  OpenBatch traced(@Nullable String trace) {
    if (trace == null) {
      return this;
    }
    List<String> next = new ArrayList<>(traces);
    next.add(trace);
    return new OpenBatch(
        sequence,
        counts,
        labels,
        openedAt,
        firstFeedbackAt,
        lastFeedbackAt,
        input,
        next.subList(Math.max(0, next.size() - TRACES), next.size()),
        holdoutShare);
  }

  /** Whether its first example came that long ago. */
  boolean olderThan(Duration age, Instant now) {
    return openedAt != null && Duration.between(openedAt, now).compareTo(age) >= 0;
  }

  /** The manifest; only of a batch that is not empty. */
  TrainingBatch close(String adapter, CloseReason reason, Instant now) {
    return new TrainingBatch(
        id(adapter, sequence),
        adapter,
        sequence,
        labels,
        counts,
        size(),
        reason,
        Objects.requireNonNull(firstFeedbackAt),
        Objects.requireNonNull(lastFeedbackAt),
        Objects.requireNonNull(openedAt),
        now,
        input);
  }

  private List<InputRange> extended(InputPosition position) {
    List<InputRange> ranges = new ArrayList<>();
    InputRange own =
        new InputRange(
            position.topic(), position.partition(), position.offset(), position.offset());
    for (InputRange range : input) {
      if (range.topic().equals(own.topic()) && range.partition() == own.partition()) {
        own =
            new InputRange(
                own.topic(),
                own.partition(),
                Math.min(own.firstOffset(), range.firstOffset()),
                Math.max(own.lastOffset(), range.lastOffset()));
      } else {
        ranges.add(range);
      }
    }
    ranges.add(own);
    return ranges;
  }
}
