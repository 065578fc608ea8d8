package dev.weir.common.adapter;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the promotion gate said of a challenger, and the figures it went by. Champion and challenger
 * were scored on the same holdout rows.
 *
 * <p>Records of earlier versions lack the last three components and read as empty ones.
 *
 * @param reason stable code, such as {@code fewer-errors}
 * @param message the reason for people
 * @param holdoutRows rows both were scored on
 * @param accuracy the challenger's share of right labels
 * @param macroF1 the challenger's F1, averaged over labels
 * @param logLoss the challenger's mean negative log probability of the right label, in nats
 * @param championVersion the champion's version, or {@code null} when there was none
 * @param championAccuracy the champion's share of right labels, or {@code null}
 * @param championLogLoss the champion's log loss, or {@code null}
 * @param onlyChallengerRight rows that only the challenger got right
 * @param onlyChampionRight rows that only the champion got right
 * @param pValue exact two-sided McNemar test on those two counts; 1 without a champion
 * @param frozen both on the frozen set, or {@code null} where there is no such row
 * @param slices both on parts of the holdout; for information, no rule looks at them
 * @param precisions the challenger in each arithmetic that was judged; none when it was retained
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
    List<PrecisionFigures> precisions) {

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
        List.of());
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

  /** The same decision with other slices. */
  public Decision withSlices(List<Slice> parts) {
    return with(parts, precisions);
  }

  /** The same decision with the figures of other precisions. */
  public Decision withPrecisions(List<PrecisionFigures> judged) {
    return with(slices, judged);
  }

  private Decision with(List<Slice> parts, List<PrecisionFigures> judged) {
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
        judged);
  }
}
