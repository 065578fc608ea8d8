package dev.weir.contract.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A sign of life from a running training, on the topic of training events under the adapter's name:
 * for consoles and dashboards. Nothing may depend on it; the release record is what counts.
 *
 * @param adapter the adapter in training
 * @param batchId the batch that set it off
 * @param phase where the training stands
 * @param method head refresh or LoRA, in lower case; {@code null} while the data is gathered
 * @param step optimizer steps done, or {@code null}
 * @param steps optimizer steps planned, or {@code null}
 * @param loss mean training loss in nats since the last event, or {@code null}
 * @param examplesPerSecond training speed since the last event, or {@code null}
 * @param secondsLeft estimate of the training's remaining seconds, or {@code null}
 * @param message for people
 * @param timestamp when it was sent
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrainingEvent(
    String adapter,
    String batchId,
    Phase phase,
    @Nullable String method,
    @Nullable Integer step,
    @Nullable Integer steps,
    @Nullable Double loss,
    @Nullable Double examplesPerSecond,
    @Nullable Double secondsLeft,
    String message,
    Instant timestamp) {

  /** Where a training stands. */
  public enum Phase {
    /** The batch was taken up. */
    STARTED,
    /** The optimizer is at work. */
    PROGRESS,
    /** The gate let the challenger pass. */
    PROMOTED,
    /** The champion stays. */
    RETAINED,
    /** It failed and will be tried again. */
    FAILED
  }

  /** Reads a record of the topic of training events; see {@link OwnRecords}. */
  public static Parsed<TrainingEvent> read(byte @Nullable [] value) {
    return OwnRecords.read(
        value,
        TrainingEvent.class,
        event -> {
          OwnRecords.requireAdapter(event.adapter());
          OwnRecords.requireName("batchId", event.batchId());
        });
  }
}
