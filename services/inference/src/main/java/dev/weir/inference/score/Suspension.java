package dev.weir.inference.score;

import dev.weir.inference.slot.ServingAdapter;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/**
 * One version's being out of order.
 *
 * @param version the version that fails
 * @param since when it was found out
 * @param why what its last run said
 * @param anyText whether it fails on every text; else only many in a row failed, and it rests
 * @param over done when its texts can be scored again, by it or by another version; failed when the
 *     service closes
 */
record Suspension(
    ServingAdapter version,
    Instant since,
    String why,
    boolean anyText,
    CompletableFuture<Void> over) {

  OutOfOrderException problem() {
    return new OutOfOrderException(version.id(), why);
  }

  @Override
  public String toString() {
    return "%s is out of order since %s: %s".formatted(version.id(), since, why);
  }
}
