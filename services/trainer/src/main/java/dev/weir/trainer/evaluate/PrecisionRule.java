package dev.weir.trainer.evaluate;

import dev.weir.contract.release.Decision.PrecisionFigures;
import dev.weir.model.spec.Precision;

/**
 * Which arithmetics an adapter may be served in: those that answer as 32-bit floats do.
 *
 * <p>Agreement is asked for beside accuracy, as two arithmetics can be equally right on different
 * rows: users would see answers change.
 */
public final class PrecisionRule {

  private static final double MIN_AGREEMENT = 0.99;
  private static final double MAX_LOSS = 0.005;
  private static final double ROUNDING = 1e-9;

  private PrecisionRule() {}

  /** The reference's own figures. */
  public static PrecisionFigures reference(Scores floats) {
    return figures(Precision.FP32.id(), floats, floats);
  }

  /**
   * The figures of a form, and whether it may ship.
   *
   * @param form the precision's id, or the file's name
   * @param floats the same adapter on the same rows in 32-bit floats
   */
  public static PrecisionFigures figures(String form, Scores scores, Scores floats) {
    double agreement = scores.agreement(floats);
    boolean allowed =
        agreement >= MIN_AGREEMENT - ROUNDING
            && floats.accuracy() - scores.accuracy() <= MAX_LOSS + ROUNDING;
    return new PrecisionFigures(form, scores.right().size(), scores.accuracy(), agreement, allowed);
  }
}
