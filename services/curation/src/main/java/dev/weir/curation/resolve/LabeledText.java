package dev.weir.curation.resolve;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Feedback brought down to a text and its label.
 *
 * @param adapter a declared adapter
 * @param text the feedback's own text, else the review's
 * @param textHash coarse hash of the text, which its side goes by; all that earlier versions know
 * @param textKey which text this is, see {@link dev.weir.contract.event.TextKey}; {@code null} in
 *     records that an earlier version wrote
 * @param label canonical label of the adapter's scheme
 * @param reviewId the review it is about, or {@code null}
 * @param source who said so; {@link #UNKNOWN_SOURCE} when it does not tell
 * @param feedbackAt when it was said, never after it was read
 * @param served what was served for the review, or {@code null} when nothing was by then
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LabeledText(
    String adapter,
    String text,
    String textHash,
    @Nullable String textKey,
    String label,
    @Nullable String reviewId,
    String source,
    Instant feedbackAt,
    @Nullable ServedAnswer served) {

  /** The key under which its example stands. */
  public String key() {
    return textKey == null ? textHash : textKey;
  }

  /** Stands for a missing source. */
  public static final String UNKNOWN_SOURCE = "unknown";

  /**
   * The served answer in the light of this feedback.
   *
   * @param version the adapter version that answered
   * @param correct whether its label is the one that the feedback gives
   * @param trace the trace that it was answered in, as {@code traceparent}, or {@code null}
   */
  public record ServedAnswer(int version, boolean correct, @Nullable String trace) {}
}
