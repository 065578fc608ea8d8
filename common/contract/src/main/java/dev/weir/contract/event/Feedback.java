package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a person or a system says about a review, as it stands on the {@code feedback} topic.
 *
 * <p>Exactly one of {@code label}, {@code verdict} and {@code stars} carries the opinion. {@code
 * text} may be absent when {@code reviewId} names a review that went through the {@code reviews}
 * topic; {@code reviewId} may be absent when the text is given.
 *
 * @param id identifies this feedback, or {@code null}
 * @param reviewId the review it is about, or {@code null} when it carries its own text
 * @param adapter the adapter that should learn; the review's own, else the default, when absent
 * @param label the right label, in any letter case
 * @param verdict agreement with the classification that was served
 * @param stars a rating, mapped to a label by the adapter's label scheme
 * @param text the text, or {@code null}
 * @param source who says so: a person, a team, a system; trust and limits go by it
 * @param timestamp when it was said, or {@code null}: then the record's own timestamp counts.
 *     ISO-8601 (UTC without a zone), or a number of seconds, ms, µs or ns since 1970 by magnitude
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Feedback(
    @Nullable String id,
    @Nullable String reviewId,
    @Nullable String adapter,
    @Nullable String label,
    @Nullable Verdict verdict,
    @Nullable Double stars,
    @Nullable String text,
    @Nullable String source,
    @Nullable Instant timestamp) {

  /** Whether the served classification was right. */
  public enum Verdict {
    /** The served label is right. */
    AGREE,
    /** The served label is wrong. */
    DISAGREE
  }

  /** The same, said by somebody else. */
  public Feedback from(String other) {
    return new Feedback(id, reviewId, adapter, label, verdict, stars, text, other, timestamp);
  }

  /** Feedback with an explicit label on a text that travels with it. */
  public static Feedback labeled(String reviewId, String text, String label, String source) {
    return new Feedback(null, reviewId, null, label, null, null, text, source, null);
  }
}
