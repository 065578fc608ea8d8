package dev.weir.contract.release;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the promotion gate said of a challenger, and the figures it went by. Champion and challenger
 * were scored on the same holdout rows.
 *
 * <p>Records of earlier versions lack the last four components and read as empty ones; their log
 * losses are of probabilities as the head gave them, at temperature 1.
 *
 * @param reason stable code, such as {@code fewer-errors}
 * @param message the reason for people
 * @param holdoutRows rows both were scored on
 * @param accuracy the challenger's share of right labels
 * @param macroF1 the challenger's F1, averaged over labels
 * @param logLoss the challenger's mean negative log probability of the right label, in nats, at the
 *     temperature that fits these rows best
 * @param championVersion the champion's version, or {@code null} when there was none
 * @param championAccuracy the champion's share of right labels, or {@code null}
 * @param championLogLoss the champion's log loss, at the temperature that fits these rows best, or
 *     {@code null}
 * @param onlyChallengerRight rows that only the challenger got right
 * @param onlyChampionRight rows that only the champion got right
 * @param pValue exact two-sided McNemar test on those two counts; 1 without a champion
 * @param frozen both on the frozen set, or {@code null} where there is no such row
 * @param slices both on parts of the holdout; for information, no rule looks at them
 * @param precisions the challenger in each arithmetic that was judged; none when it was retained
 * @param calibration the challenger's probabilities before and after temperature scaling, or {@code
 *     null} where none were judged
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Decision(
    String reason,
    String message,
    int holdoutRows,
    double accuracy,
    double macroF1,
    double logLoss,
    @Nullable Integer championVersion,
    @Nullable Double championAccuracy,
    @Nullable Double championLogLoss,
    int onlyChallengerRight,
    int onlyChampionRight,
    double pValue,
    @Nullable Frozen frozen,
    List<Slice> slices,
    List<PrecisionFigures> precisions,
    @Nullable Calibration calibration) {

  /** Copies the lists; JSON without them gives {@code null}. */
  public Decision {
    slices = slices == null ? List.of() : List.copyOf(slices);
    precisions = precisions == null ? List.of() : List.copyOf(precisions);
  }

  /** A decision by the holdout alone. */
  public Decision(
      String reason,
      String message,
      int holdoutRows,
      double accuracy,
      double macroF1,
      double logLoss,
      @Nullable Integer championVersion,
      @Nullable Double championAccuracy,
      @Nullable Double championLogLoss,
      int onlyChallengerRight,
      int onlyChampionRight,
      double pValue) {
    this(
        reason,
        message,
        holdoutRows,
        accuracy,
        macroF1,
        logLoss,
        championVersion,
        championAccuracy,
        championLogLoss,
        onlyChallengerRight,
        onlyChampionRight,
        pValue,
        null,
        List.of(),
        List.of(),
        null);
  }

  /**
   * The anti-forgetting rule's figures: the adapter's oldest holdout rows.
   *
   * @param rows how many there are
   * @param accuracy the challenger's share of right labels among them
   * @param championAccuracy the champion's, or {@code null} when there was none
   * @param bestAccuracy the best that any champion so far had on as many rows, this one's included;
   *     {@code null} when there was none, and in records of earlier versions
   * @param ruled whether the rule was on: there were a champion and enough rows
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Frozen(
      int rows,
      double accuracy,
      @Nullable Double championAccuracy,
      @Nullable Double bestAccuracy,
      boolean ruled) {}

  /**
   * A part of the holdout.
   *
   * @param by what it is a part by: {@code label}, {@code tokens} or {@code source}
   * @param value which part, such as {@code 33-128}
   * @param rows how many rows it has
   * @param accuracy the challenger's share of right labels among them
   * @param championAccuracy the champion's, or {@code null} when there was none
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Slice(
      String by, String value, int rows, double accuracy, @Nullable Double championAccuracy) {}

  /**
   * The challenger in one arithmetic.
   *
   * @param form {@code fp32}, {@code int8} and so on as served; {@code model.int8.onnx} for that
   *     file, which computes in its own way
   * @param rows holdout rows it was scored on
   * @param accuracy its share of right labels
   * @param agreement share of rows whose label is the one that fp32 gives
   * @param allowed whether it may ship
   */
  public record PrecisionFigures(
      String form, int rows, double accuracy, double agreement, boolean allowed) {}

  /**
   * What temperature scaling does to the challenger's probabilities on the holdout.
   *
   * <p>The figures after it are cross-fitted: each fifth of the rows at the temperature of the
   * other four, so that no row's figure rests on a temperature that was fitted to it.
   *
   * @param rows rows it was fitted on; 0 when they were too few, and the temperature is 1
   * @param temperature what the logits are divided by
   * @param logLossBefore mean negative log probability of the right label, in nats, at temperature
   *     1
   * @param logLossAfter the same with the temperature
   * @param errorBefore expected calibration error at temperature 1: the mean distance of confidence
   *     and accuracy over 15 equal bins of confidence, by rows
   * @param errorAfter the same with the temperature
   */
  public record Calibration(
      int rows,
      double temperature,
      double logLossBefore,
      double logLossAfter,
      double errorBefore,
      double errorAfter) {}

  /** The same decision with other slices. */
  public Decision withSlices(List<Slice> parts) {
    return with(parts, precisions, calibration);
  }

  /** The same decision with the figures of other precisions. */
  public Decision withPrecisions(List<PrecisionFigures> judged) {
    return with(slices, judged, calibration);
  }

  /** The same decision with the figures of another temperature. */
  public Decision withCalibration(Calibration fitted) {
    return with(slices, precisions, fitted);
  }

  private Decision with(
      List<Slice> parts, List<PrecisionFigures> judged, @Nullable Calibration fitted) {
    return new Decision(
        reason,
        message,
        holdoutRows,
        accuracy,
        macroF1,
        logLoss,
        championVersion,
        championAccuracy,
        championLogLoss,
        onlyChallengerRight,
        onlyChampionRight,
        pValue,
        frozen,
        parts,
        judged,
        fitted);
  }
}
