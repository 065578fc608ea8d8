package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One curated, labeled text, as it stands on the compacted {@code examples} topic under {@link
 * #key()}: a corrected label overwrites it, a tombstone forgets it.
 *
 * @param adapter the adapter that learns from it
 * @param textHash which text this is: sha-256 (hex) of its words, or {@code v2/} and that of its
 *     words and signs; see {@link TextKey}
 * @param text the text as it was first seen
 * @param label canonical label of the adapter's scheme
 * @param split train or holdout, by the hash of the text's words
 * @param batchId the batch that this form of the example belongs to
 * @param reviewId the review that the feedback was about, or {@code null}
 * @param source who gave the feedback
 * @param feedbackAt when the feedback was given
 * @param feedback where the feedback record stood
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Example(
    String adapter,
    String textHash,
    String text,
    String label,
    Split split,
    String batchId,
    @Nullable String reviewId,
    String source,
    Instant feedbackAt,
    InputPosition feedback) {

  /** The record's key: adapter and text hash. */
  public String key() {
    return adapter + "/" + textHash;
  }

  /** Reads a record of the {@code examples} topic; see {@link OwnRecords}. */
  public static Parsed<Example> read(byte @Nullable [] key, byte @Nullable [] value) {
    return OwnRecords.read(
        value,
        Example.class,
        example -> {
          OwnRecords.requireAdapter(example.adapter());
          OwnRecords.requireName("textHash", example.textHash());
          OwnRecords.requireName("label", example.label());
          OwnRecords.requireName("batchId", example.batchId());
          OwnRecords.requireAtLeast("text", 1, example.text().length());
          OwnRecords.requireKey(key, example.key());
        });
  }
}
