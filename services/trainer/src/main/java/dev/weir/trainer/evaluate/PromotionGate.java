package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision;
import dev.weir.trainer.evaluate.Verdict.Promoted;
import dev.weir.trainer.evaluate.Verdict.Retained;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a challenger may serve: never one that is worse than the champion on the holdout.
 * Log losses decide between equals, so both sides' scores must be calibrated alike.
 *
 * <p>Stateless. The reason codes are stable: they are a metric's tag.
 */
public final class PromotionGate {

  /** Fewer training examples than this teach nothing that a few rows could confirm. */
  public static final int MIN_TRAIN = 16;

  /** Log losses nearer than this are the same. */
  private static final double LOG_LOSS_MARGIN = 1e-6;

  /** The largest share of skipped optimizer steps of a sound training. */
  private static final double MAX_NON_FINITE_SHARE = 0.01;

  private final int minHoldout;
  private final ForgettingRule forgetting;

  /**
   * A gate.
   *
   * @param minHoldout holdout rows that it wants at least
   * @param maxForgetting the largest share of the frozen set that a challenger may lose
   */
  public PromotionGate(int minHoldout, double maxForgetting) {
    this.minHoldout = minHoldout;
    this.forgetting = new ForgettingRule(maxForgetting);
  }

  /** What speaks against a training before it starts, if anything. */
  public Optional<Retained> before(List<String> trainLabels, int holdoutRows) {
    if (trainLabels.size() < MIN_TRAIN) {
      return Optional.of(
          refused(
              "too-few-examples",
              "%d training examples, at least %d are needed; the next batch will be added to them"
                  .formatted(trainLabels.size(), MIN_TRAIN)));
    }
    if (trainLabels.stream().distinct().count() < 2) {
      return Optional.of(
          refused(
              "one-class-only",
              "all %d training examples are '%s'; feedback with another label is needed"
                  .formatted(trainLabels.size(), trainLabels.get(0))));
    }
    if (holdoutRows < minHoldout) {
      return Optional.of(
          refused(
              "holdout-too-small",
              "%d holdout rows, at least %d are needed (WEIR_TRAIN_MIN_HOLDOUT)"
                  .formatted(holdoutRows, minHoldout)));
    }
    return Optional.empty();
  }

  /** What speaks against a training by the way it went, if anything. */
  public Optional<Retained> after(int steps, int nonFiniteSteps) {
    if (nonFiniteSteps <= steps * MAX_NON_FINITE_SHARE) {
      return Optional.empty();
    }
    return Optional.of(
        refused(
            "too-many-nonfinite-steps",
            "%d of %d optimizer steps had a loss or gradient that is not finite, at most 1%% may; lower WEIR_TRAIN_LEARNING_RATE"
                .formatted(nonFiniteSteps, steps)));
  }

  /** A refusal that rests on no figures. */
  public static Retained refused(String reason, String message) {
    return new Retained(new Decision(reason, message, 0, 0, 0, 0, null, null, null, 0, 0, 1));
  }

  /**
   * Judges a challenger: by the frozen set, which no gain elsewhere makes up for, and then by the
   * holdout.
   *
   * @param frozen its scores on the frozen set
   * @param champion scores on the same rows, or {@code null} when there is no champion
   * @param wanted the holdout rows' labels
   */
  public Verdict judge(
      Scores challenger, Scores frozen, @Nullable Opponent champion, List<String> wanted) {
    if (champion == null) {
      return withoutChampion(challenger, frozen, wanted);
    }
    int errors = challenger.errors();
    int championErrors = champion.holdout().errors();
    String counts =
        "%d errors on %d rows against the champion's %d, log loss %s against %s"
            .formatted(
                errors,
                wanted.size(),
                championErrors,
                figure(challenger.logLoss()),
                figure(champion.holdout().logLoss()));
    if (forgetting.forgets(frozen, champion)) {
      String message = forgetting.message(frozen, champion) + "; " + counts;
      return new Retained(decision("forgets", message, challenger, frozen, champion));
    }
    if (errors < championErrors) {
      return new Promoted(decision("fewer-errors", counts, challenger, frozen, champion));
    }
    if (errors == championErrors
        && challenger.logLoss() < champion.holdout().logLoss() - LOG_LOSS_MARGIN) {
      return new Promoted(decision("lower-log-loss", counts, challenger, frozen, champion));
    }
    return new Retained(decision("not-better", counts, challenger, frozen, champion));
  }

  /**
   * The champion on the rows that the challenger was scored on.
   *
   * @param version its version
   * @param holdout its scores on the holdout
   * @param frozen its scores on the frozen set
   * @param bestOnFrozen the best accuracy that any champion before it had there; 0 if none is known
   */
  public record Opponent(int version, Scores holdout, Scores frozen, double bestOnFrozen) {}

  private static Verdict withoutChampion(Scores challenger, Scores frozen, List<String> wanted) {
    Map<String, Integer> counts = new HashMap<>();
    wanted.forEach(label -> counts.merge(label, 1, Integer::sum));
    int majority = counts.isEmpty() ? 0 : Collections.max(counts.values());
    int right = wanted.size() - challenger.errors();
    String figures =
        "%d of %d rows right, always answering the most frequent label gets %d"
            .formatted(right, wanted.size(), majority);
    return right > majority
        ? new Promoted(decision("better-than-majority", figures, challenger, frozen, null))
        : new Retained(decision("not-better", figures, challenger, frozen, null));
  }

  private static Decision decision(
      String reason,
      String message,
      Scores challenger,
      Scores frozen,
      @Nullable Opponent opponent) {
    int onlyChallenger = 0;
    int onlyChampion = 0;
    Scores champion = opponent == null ? null : opponent.holdout();
    if (champion != null) {
      for (int row = 0; row < challenger.right().size(); row++) {
        boolean mine = challenger.right().get(row);
        boolean theirs = champion.right().get(row);
        onlyChallenger += mine && !theirs ? 1 : 0;
        onlyChampion += theirs && !mine ? 1 : 0;
      }
    }
    return new Decision(
        reason,
        message,
        challenger.right().size(),
        challenger.accuracy(),
        challenger.macroF1(),
        challenger.logLoss(),
        opponent == null ? null : opponent.version(),
        champion == null ? null : champion.accuracy(),
        champion == null ? null : champion.logLoss(),
        onlyChallenger,
        onlyChampion,
        champion == null ? 1 : McNemar.pValue(onlyChallenger, onlyChampion),
        ForgettingRule.figures(frozen, opponent),
        List.of(),
        List.of(),
        null);
  }

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
