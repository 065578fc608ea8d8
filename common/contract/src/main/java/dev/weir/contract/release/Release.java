package dev.weir.contract.release;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of one training, as it stands on the release topic under {@code adapter@version}: a
 * promoted version that replicas load, or a retained one that they do not.
 *
 * @param adapter the adapter
 * @param version its version; a retained challenger uses one up, too
 * @param state promoted or retained
 * @param method how it was made
 * @param digest sha-256 (hex) of the artifact's {@code manifest.json}; {@code null} when retained
 * @param baseModel name of the base model
 * @param baseDigest sha-256 (hex) of the base model's weight file
 * @param labels canonical labels in the order of the head's rows
 * @param batchId the batch that set off the training; with {@code method} it names the training
 * @param decision the gate's decision with its figures
 * @param trainingExamples examples it learned from, replay included
 * @param trainingSeconds seconds from having the data to having the artifact
 * @param lastFeedbackAt when the newest feedback of the batch was given
 * @param batchClosedAt when the batch was closed
 * @param createdAt when the decision was made
 * @param precisions the precisions that the gate lets it be served in, by the names that the module
 *     model gives them; empty when retained or of an earlier version. Names, not constants: a
 *     replica must be able to read a release that lists one it does not know
 * @param heldBy the pinned version that goes on serving although this one was promoted, or {@code
 *     null} when nothing held it back
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Release(
    String adapter,
    int version,
    State state,
    Method method,
    @Nullable String digest,
    String baseModel,
    String baseDigest,
    List<String> labels,
    String batchId,
    Decision decision,
    int trainingExamples,
    double trainingSeconds,
    Instant lastFeedbackAt,
    Instant batchClosedAt,
    Instant createdAt,
    List<String> precisions,
    @Nullable Integer heldBy) {

  /** Copies the lists; records of earlier versions have no precisions. */
  public Release {
    labels = List.copyOf(labels);
    precisions = precisions == null ? List.of() : List.copyOf(precisions);
  }

  /** The same, held back by a pinned version. */
  public Release heldBy(int pinned) {
    return new Release(
        adapter,
        version,
        state,
        method,
        digest,
        baseModel,
        baseDigest,
        labels,
        batchId,
        decision,
        trainingExamples,
        trainingSeconds,
        lastFeedbackAt,
        batchClosedAt,
        createdAt,
        precisions,
        pinned);
  }

  /** A release that nothing holds back. */
  public Release(
      String adapter,
      int version,
      State state,
      Method method,
      @Nullable String digest,
      String baseModel,
      String baseDigest,
      List<String> labels,
      String batchId,
      Decision decision,
      int trainingExamples,
      double trainingSeconds,
      Instant lastFeedbackAt,
      Instant batchClosedAt,
      Instant createdAt,
      List<String> precisions) {
    this(
        adapter,
        version,
        state,
        method,
        digest,
        baseModel,
        baseDigest,
        labels,
        batchId,
        decision,
        trainingExamples,
        trainingSeconds,
        lastFeedbackAt,
        batchClosedAt,
        createdAt,
        precisions,
        null);
  }

  /** Whether the gate let it pass. */
  public enum State {
    /** It passed and its artifact is in the store; it serves unless it is held back. */
    PROMOTED,
    /** It did not pass; the champion stays. */
    RETAINED
  }

  /** Which version this is. */
  public AdapterId id() {
    return new AdapterId(adapter, version);
  }
}
