package dev.weir.trainer.evaluate;

import dev.weir.common.adapter.Decision.Frozen;
import org.jspecify.annotations.Nullable;

/**
 * Holds a challenger to what the champion knew from the beginning: on the frozen set, the adapter's
 * oldest holdout rows, it may not lose more than a share.
 *
 * <p>Off below {@link #MIN_ROWS} rows, where chance moves the figure by more than any sensible
 * limit; and a single row is never forgetting.
 */
final class ForgettingRule {

  /** Fewer frozen rows than this say nothing. */
  static final int MIN_ROWS = 50;

  private static final double ROUNDING = 1e-9;

  private final double maxLoss;

  /**
   * A rule.
   *
   * @param maxLoss the largest share of the frozen rows that may be lost on balance
   */
  ForgettingRule(double maxLoss) {
    this.maxLoss = maxLoss;
  }

  /** The figures for the record, or {@code null} when there is no frozen row. */
  static @Nullable Frozen figures(Scores challenger, @Nullable Scores champion) {
    int rows = challenger.right().size();
    return rows == 0
        ? null
        : new Frozen(
            rows,
            challenger.accuracy(),
            champion == null ? null : champion.accuracy(),
            champion != null && rows >= MIN_ROWS);
  }

  /** Whether the challenger forgets more than it may. */
  boolean forgets(Scores challenger, @Nullable Scores champion) {
    Frozen figures = figures(challenger, champion);
    if (figures == null || champion == null || !figures.ruled()) {
      return false;
    }
    int lost = challenger.errors() - champion.errors();
    return lost > Math.max(1, maxLoss * figures.rows() + ROUNDING);
  }

  /** What the figures say, for people. */
  String message(Scores challenger, Scores champion) {
    return "%d errors on the %d frozen rows against the champion's %d, it may lose %s of them (WEIR_TRAIN_MAX_FORGETTING)"
        .formatted(challenger.errors(), challenger.right().size(), champion.errors(), maxLoss);
  }
}
