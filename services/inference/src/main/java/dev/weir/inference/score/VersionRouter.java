package dev.weir.inference.score;

import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.ServingPlan;
import dev.weir.inference.release.ServingPlans;
import dev.weir.inference.slot.ServingAdapter;
import dev.weir.inference.slot.ServingState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * Says which version of an adapter answers a review: the champion, or the canary for its share.
 *
 * <p>The share is cut by a hash of review id and canary, so that a review gets the same version on
 * every replica, over Kafka and over HTTP, now and later; a larger share keeps the reviews of a
 * smaller one, and another canary gets other reviews. A canary that is not in service here leaves
 * its reviews to the champion. Thread-safe.
 */
final class VersionRouter {

  private static final double TWO_TO_53 = 0x1p53;

  private final ServingPlans plans;

  VersionRouter(ServingPlans plans) {
    this.plans = plans;
  }

  /**
   * The version that answers, or empty when the adapter has none. Without a review id it is the
   * champion.
   */
  Optional<ServingAdapter> answering(ServingState state, String adapter, String reviewId) {
    Optional<ServingAdapter> champion = state.adapter(adapter);
    ServingPlan.Canary canary = plans.of(adapter).canary();
    if (canary == null || champion.isEmpty() || reviewId.isEmpty()) {
      return champion;
    }
    AdapterId id = new AdapterId(adapter, canary.version());
    return position(id, reviewId) < canary.share()
        ? state.version(id).or(() -> champion)
        : champion;
  }

  /** The version that scores an adapter's reviews without answering, when one is in service. */
  Optional<ServingAdapter> shadow(ServingState state, String adapter) {
    ServingPlan.Shadow shadow = plans.of(adapter).shadow();
    return shadow == null
        ? Optional.empty()
        : state.version(new AdapterId(adapter, shadow.version()));
  }

  /** Below which probability of the best label an adapter abstains; 0 is off. */
  double abstainBelow(String adapter) {
    return plans.of(adapter).abstainBelow();
  }

  /** Where a review stands between 0 and 1, 1 left out. */
  static double position(AdapterId canary, String reviewId) {
    byte[] hash = sha256().digest((canary + "\n" + reviewId).getBytes(StandardCharsets.UTF_8));
    return (ByteBuffer.wrap(hash).getLong() >>> 11) / TWO_TO_53;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
