package dev.weir.common.adapter;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * What the promotion gate said of a challenger, and the figures it went by. Champion and challenger
 * were scored on the same holdout rows.
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
    double pValue) {}
