package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A review that a person should label next, as it stands on the {@code label-requests} topic under
 * the review's id.
 *
 * @param reviewId the review's id
 * @param adapter the adapter that was unsure
 * @param version the version that answered, or {@code null}
 * @param text the review's text
 * @param reason why this one
 * @param margin probability of the best label minus the second best; 0 when it abstained
 * @param timestamp when it was asked for
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LabelRequest(
    String reviewId,
    String adapter,
    @Nullable Integer version,
    String text,
    Reason reason,
    double margin,
    Instant timestamp) {

  /** Why a label is wanted. */
  public enum Reason {
    /** The two best labels are almost equally probable. */
    LOW_MARGIN
  }

  /** Reads a record of the {@code label-requests} topic; see {@link OwnRecords}. */
  public static Parsed<LabelRequest> read(byte @Nullable [] value) {
    return OwnRecords.read(
        value,
        LabelRequest.class,
        request -> {
          OwnRecords.requireName("reviewId", request.reviewId());
          OwnRecords.requireAdapter(request.adapter());
          OwnRecords.requireVersion(request.version());
        });
  }
}
