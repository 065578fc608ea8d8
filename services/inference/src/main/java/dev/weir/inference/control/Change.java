package dev.weir.inference.control;

import dev.weir.contract.release.Champion;
import dev.weir.contract.release.ServingPlan;
import org.jspecify.annotations.Nullable;

/**
 * What is to hold for an adapter.
 *
 * @param champion the version that answers, or {@code null} when there is none
 * @param plan the operator's plan
 */
record Change(@Nullable Champion champion, ServingPlan plan) {

  /** The same with another plan. */
  Change with(ServingPlan other) {
    return new Change(champion, other);
  }

  /** The same with a champion that is neither canary nor shadow any longer. */
  Change crowning(Champion crowned) {
    ServingPlan cleared = plan;
    ServingPlan.Canary canary = plan.canary();
    if (canary != null && canary.version() == crowned.version()) {
      cleared = cleared.withCanary(null);
    }
    ServingPlan.Shadow shadow = plan.shadow();
    if (shadow != null && shadow.version() == crowned.version()) {
      cleared = cleared.withShadow(null);
    }
    boolean same =
        champion != null
            && champion.id().equals(crowned.id())
            && champion.digest().equals(crowned.digest());
    return new Change(same ? champion : crowned, cleared);
  }

  /** The version that answers: the pinned one, or else the champion. */
  @Nullable Champion answering() {
    Champion pinned = plan.pinnedChampion();
    return pinned != null ? pinned : champion;
  }
}
