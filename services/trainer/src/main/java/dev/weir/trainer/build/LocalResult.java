package dev.weir.trainer.build;

import dev.weir.contract.release.Decision;
import java.nio.file.Path;

/**
 * What a training outside the loop yields.
 *
 * @param directory the adapter's files, an artifact like those in the store
 * @param digest sha-256 (hex) of its manifest
 * @param accuracy share of right labels on the evaluation rows, through the serving code
 * @param macroF1 F1 averaged over labels, on the same rows
 * @param logLoss mean negative log probability of the right label, in nats, on the same rows, with
 *     the temperature
 * @param calibration the temperature, fitted on these rows, and what it does
 * @param probeAccuracy accuracy of the frozen linear probe on the same rows
 * @param bestEpoch the epoch that was kept; 0 when fine-tuning did not get beyond the probe
 * @param examplesPerSecond speed of the optimizer steps
 * @param seconds the whole training, evaluation not counted
 * @param parameters how many numbers were trained
 * @param steps optimizer steps
 * @param nonFiniteSteps optimizer steps skipped for a loss or gradient that is not finite
 */
public record LocalResult(
    Path directory,
    String digest,
    double accuracy,
    double macroF1,
    double logLoss,
    Decision.Calibration calibration,
    double probeAccuracy,
    int bestEpoch,
    double examplesPerSecond,
    double seconds,
    ParameterCount parameters,
    int steps,
    int nonFiniteSteps) {}
