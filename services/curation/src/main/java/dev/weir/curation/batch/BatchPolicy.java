package dev.weir.curation.batch;

import dev.weir.common.event.TrainingBatch.CloseReason;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * When a batch is closed.
 *
 * @param size closes a batch of so many examples, train and holdout together
 * @param age closes a batch whose first example came that long ago, if it has {@code minimum}
 * @param minimum fewer examples than these go on waiting, except for {@code size}
 * @param accuracyFloor live accuracy under which {@code minimum} is enough; 0 for off
 */
public record BatchPolicy(int size, Duration age, int minimum, double accuracyFloor) {

  Optional<CloseReason> reason(OpenBatch batch, OptionalDouble liveAccuracy, Instant now) {
    int examples = batch.size();
    if (examples >= size) {
      return Optional.of(CloseReason.COUNT);
    }
    if (examples == 0 || examples < minimum) {
      return Optional.empty();
    }
    if (accuracyFloor > 0
        && liveAccuracy.isPresent()
        && liveAccuracy.getAsDouble() < accuracyFloor) {
      return Optional.of(CloseReason.ACCURACY_DROP);
    }
    return batch.olderThan(age, now) ? Optional.of(CloseReason.AGE) : Optional.empty();
  }
}
