package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one review, as it stands on the {@code classifications} topic under the review's
 * id.
 *
 * <p>Exactly one is written for each accepted review. An adapter that cannot answer (none released
 * yet, unknown name) yields {@code abstained} with a reason, never a guess. So does one whose best
 * label is less probable than its operator wants it ({@code low-confidence}); then version and
 * scores are there, and the label is not.
 *
 * @param reviewId the review's id
 * @param adapter the adapter that was asked
 * @param version the adapter version that answered, or {@code null} when it abstained without one
 * @param adapterDigest sha-256 (hex) of the manifest of the artifact that answered, or {@code null}
 * @param baseDigest sha-256 (hex) of the base model's weight file
 * @param label the most probable label, or {@code null} when it abstained
 * @param scores probability per label, in the adapter's label order; empty when no version scored
 *     the text
 * @param abstained whether no label is given
 * @param reason stable code and sentence for the abstention, or {@code null}
 * @param input where the review stood, or {@code null} when it came over HTTP
 * @param latencyMs milliseconds from reading the review to having its answer
 * @param timestamp when the answer was made
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Classification(
    String reviewId,
    String adapter,
    @Nullable Integer version,
    @Nullable String adapterDigest,
    String baseDigest,
    @Nullable String label,
    Map<String, Double> scores,
    boolean abstained,
    @Nullable Abstention reason,
    @Nullable InputPosition input,
    double latencyMs,
    Instant timestamp) {

  /**
   * Why no label is given.
   *
   * @param code stable, for programs and metrics
   * @param message for people, with the remedy
   */
  public record Abstention(String code, String message) {}

  /** Reads a record of the {@code classifications} topics; see {@link OwnRecords}. */
  public static Parsed<Classification> read(byte @Nullable [] value) {
    return OwnRecords.read(
        value,
        Classification.class,
        answer -> {
          OwnRecords.requireName("reviewId", answer.reviewId());
          OwnRecords.requireAdapter(answer.adapter());
          OwnRecords.requireVersion(answer.version());
        });
  }
}
