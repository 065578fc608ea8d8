package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Decision.Calibration;
import dev.weir.contract.release.Decision.PrecisionFigures;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.session.MergedModel;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.evaluate.HoldoutEvaluator.Calibrated;
import dev.weir.trainer.evaluate.PromotionGate.Opponent;
import dev.weir.trainer.serving.ServingEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Scores what the gate decides by: challenger and champion on one batch's holdout and on the frozen
 * set, and a challenger that passed in the other arithmetics.
 *
 * <p>Both are scored at the temperature that fits these rows best, the champion at another one than
 * it serves with, too: log losses then compare what the two know, and neither gains from a scale
 * that was fitted to the very rows.
 *
 * <p>Used by one thread at a time; does not own the encoder. Each adapter's answers are remembered
 * by the encoder, so that asking again costs little.
 */
public final class HoldoutJudge {

  /** A merged file is run as any program would, without the encoder's sorting by length. */
  private static final int MERGED_ROWS = 200;

  private final PromotionGate gate;
  private final ServingEncoder encoder;
  private final HoldoutEvaluator holdout;
  private final HoldoutEvaluator frozen;
  private final HoldoutEvaluator some;
  private final Map<String, Opponent> opponents = new HashMap<>();

  /** A judge by the rows of {@code set}, cut to {@code limit}. */
  public HoldoutJudge(
      PromotionGate gate, ServingEncoder encoder, TrainingSet set, TokenLimit limit) {
    this.gate = gate;
    this.encoder = encoder;
    this.holdout = new HoldoutEvaluator(encoder, set.holdout(), limit);
    this.frozen = new HoldoutEvaluator(encoder, set.frozen(), limit);
    int rows = Math.min(MERGED_ROWS, set.holdout().size());
    this.some = new HoldoutEvaluator(encoder, set.holdout().subList(0, rows), limit);
  }

  /** The gate's verdict on a challenger when there is no champion. */
  public Verdict judge(AdapterWeights challenger) {
    return judged(challenger, null);
  }

  /**
   * The gate's verdict on a challenger.
   *
   * @param bestOnFrozen the best accuracy that any champion had on so many frozen rows
   */
  public Verdict judge(
      AdapterWeights challenger,
      Champion champion,
      AdapterWeights weights,
      IntToDoubleFunction bestOnFrozen) {
    return judged(
        challenger,
        opponents.computeIfAbsent(
            champion.digest(),
            digest ->
                new Opponent(
                    champion.version(),
                    holdout.calibrate(weights).scores(),
                    frozen.score(weights),
                    bestOnFrozen.applyAsDouble(frozen.tokens().size()))));
  }

  private Verdict judged(AdapterWeights challenger, @Nullable Opponent champion) {
    Calibrated calibrated = holdout.calibrate(challenger);
    Scores scores = calibrated.scores();
    Verdict verdict = gate.judge(scores, frozen.score(challenger), champion, holdout.wanted());
    Decision decision =
        verdict
            .decision()
            .withSlices(holdout.slices(scores, champion == null ? null : champion.holdout()))
            .withCalibration(calibrated.figures());
    return verdict instanceof Verdict.Promoted
        ? new Verdict.Promoted(decision)
        : new Verdict.Retained(decision);
  }

  /** What the temperature that an adapter has already does on this batch's rows. */
  public Calibration calibration(AdapterWeights weights, double temperature) {
    return holdout.calibrated(weights, temperature).figures();
  }

  /**
   * An adapter in 32-bit floats and in the arithmetic of some other encoders, which are closed
   * after that: their memory is needed for seconds in a batch.
   */
  public List<PrecisionFigures> precisions(AdapterWeights weights, List<ServingEncoder> others) {
    Scores floats = holdout.score(weights);
    List<PrecisionFigures> figures = new ArrayList<>();
    figures.add(PrecisionRule.reference(floats));
    for (ServingEncoder other : others) {
      try (other) {
        figures.add(
            PrecisionRule.figures(other.precision().id(), holdout.score(weights, other), floats));
      }
    }
    return figures;
  }

  /** A merged model's file beside the adapter that is in it, on some of the holdout's rows. */
  public PrecisionFigures merged(AdapterWeights weights, Path file) {
    float[][] logits =
        MergedModel.run(
            file, some.tokens().toArray(int[][]::new), encoder.base().config().padTokenId());
    return PrecisionRule.figures(
        String.valueOf(file.getFileName()),
        some.scored(logits, weights.labels()),
        some.score(weights));
  }

  /** Token ids of the first rows, for parity checks. */
  public List<int[]> sample(int rows) {
    return holdout.sample(rows);
  }
}
