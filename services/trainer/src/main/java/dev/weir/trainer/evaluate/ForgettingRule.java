package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision.Frozen;
import dev.weir.trainer.evaluate.PromotionGate.Opponent;
import org.jspecify.annotations.Nullable;

/**
 * Holds a challenger to what the champion knew from the beginning: on the frozen set, the adapter's
 * oldest holdout rows, it may not lose more than a share.
 *
 * <p>What counts is the best that any champion had there, not just the last one: each of thirty
 * batches on one narrow topic could otherwise take its point.
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
  static @Nullable Frozen figures(Scores challenger, @Nullable Opponent opponent) {
    int rows = challenger.right().size();
    if (rows == 0) {
      return null;
    }
    return opponent == null
        ? new Frozen(rows, challenger.accuracy(), null, null, false)
        : new Frozen(
            rows,
            challenger.accuracy(),
            opponent.frozen().accuracy(),
            best(opponent),
            rows >= MIN_ROWS);
  }

  private static double best(Opponent opponent) {
    return Math.max(opponent.frozen().accuracy(), opponent.bestOnFrozen());
  }

  private static long fewestErrors(Opponent opponent) {
    return Math.round((1 - best(opponent)) * opponent.frozen().right().size());
  }

  /** Whether the challenger forgets more than it may. */
  boolean forgets(Scores challenger, Opponent opponent) {
    Frozen figures = figures(challenger, opponent);
    if (figures == null || !figures.ruled()) {
      return false;
    }
    long lost = challenger.errors() - fewestErrors(opponent);
    return lost > Math.max(1, maxLoss * figures.rows() + ROUNDING);
  }

  /** What the figures say, for people. */
  String message(Scores challenger, Opponent opponent) {
    return "%d errors on the %d frozen rows against the champion's %d and the best champion's %d, it may lose %s of them (WEIR_TRAIN_MAX_FORGETTING)"
        .formatted(
            challenger.errors(),
            challenger.right().size(),
            opponent.frozen().errors(),
            fewestErrors(opponent),
            maxLoss);
  }
}
