package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A text to classify, as people produce it to the {@code reviews} topic under its id as the key.
 *
 * @param id identifies the review; 1 to 256 characters; the record's key stands in when absent, and
 *     its position, such as {@code reviews-3@17}, when there is no readable key either
 * @param text what is classified; at least one visible character
 * @param adapter who answers; {@link Limits#DEFAULT_ADAPTER} when absent
 * @param timestamp when it was written, or {@code null}: then the record's own timestamp counts.
 *     ISO-8601 (UTC without a zone), or a number of seconds, ms, µs or ns since 1970 by magnitude
 * @param attributes whatever the producer wants to keep with it, at most 100,000 characters; never
 *     read by Weir
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Review(
    String id,
    String text,
    String adapter,
    @Nullable Instant timestamp,
    Map<String, JsonNode> attributes) {

  /** Copies the attributes. */
  public Review {
    attributes = Map.copyOf(attributes);
  }

  /** A review for the default adapter without attributes. */
  public static Review of(String id, String text) {
    return new Review(id, text, Limits.DEFAULT_ADAPTER, null, Map.of());
  }
}
