package dev.weir.curation.batch;

import dev.weir.contract.event.Split;
import dev.weir.contract.event.TrainingBatch.CloseReason;
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
 * @param firstTrain train examples without which an adapter's first batch is not closed
 * @param firstHoldout holdout examples without which it is not: a training that cannot be judged is
 *     none
 */
public record BatchPolicy(
    int size, Duration age, int minimum, double accuracyFloor, int firstTrain, int firstHoldout) {

  Optional<CloseReason> reason(OpenBatch batch, OptionalDouble liveAccuracy, Instant now) {
    int examples = batch.size();
    if (missing(batch, Split.TRAIN) > 0 || missing(batch, Split.HOLDOUT) > 0) {
      return Optional.empty();
    }
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

  /** Examples of that side that the adapter's first batch lacks; later batches lack none. */
  int missing(OpenBatch batch, Split side) {
    if (batch.sequence() > 1) {
      return 0;
    }
    int wanted = side == Split.TRAIN ? firstTrain : firstHoldout;
    return Math.max(0, wanted - batch.size(side));
  }
}
