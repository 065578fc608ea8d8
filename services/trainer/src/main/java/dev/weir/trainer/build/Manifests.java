package dev.weir.trainer.build;

import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.contract.topic.Installation;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.fit.TrainingOptions;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Manifests of new adapters, complete but for their files. */
final class Manifests {

  private Manifests() {}

  /**
   * Where an adapter comes from.
   *
   * @param parent the champion it started from, or {@code null}
   * @param batch what set it off, or {@code null} outside the loop
   * @param train examples learned from
   * @param replayed of these, examples of earlier batches
   * @param holdout rows it was judged by
   * @param labels examples learned from, by label
   * @param examples how far the topic of examples had been read
   * @param owner the installation, or {@code null} outside the loop
   */
  record Origin(
      @Nullable Champion parent,
      @Nullable TrainingBatch batch,
      int train,
      int replayed,
      int holdout,
      SortedMap<String, Integer> labels,
      List<Manifest.ReadUpTo> examples,
      @Nullable Installation owner) {}

  static Manifest of(
      BaseModel base,
      AdapterId id,
      Method method,
      List<String> labels,
      TrainingOptions options,
      double temperature,
      SortedMap<String, Double> metrics,
      List<String> precisions,
      Origin origin) {
    Champion parent = origin.parent();
    TrainingBatch batch = origin.batch();
    return new Manifest(
        Manifest.FORMAT,
        id.adapter(),
        id.version(),
        method,
        base.name(),
        base.digest(),
        labels,
        options.maxTokens(),
        options.truncation(),
        temperature,
        new TreeMap<>(),
        metrics,
        precisions,
        new Manifest.Lineage(
            parent == null ? null : parent.version(),
            parent == null ? null : parent.digest(),
            batch == null ? null : batch.id(),
            batch == null ? List.of() : batch.input(),
            origin.train(),
            origin.replayed(),
            origin.holdout(),
            origin.labels(),
            origin.examples(),
            options.written(),
            options.seed(),
            codeVersion(),
            origin.owner()));
  }

  /** The figures of a decision. */
  static SortedMap<String, Double> metrics(Decision decision) {
    SortedMap<String, Double> metrics =
        metrics(decision.accuracy(), decision.macroF1(), decision.logLoss());
    put(metrics, decision.calibration());
    Decision.Frozen frozen = decision.frozen();
    if (frozen != null) {
      metrics.put("frozenAccuracy", frozen.accuracy());
    }
    for (Decision.PrecisionFigures figures : decision.precisions()) {
      if (!figures.form().equals(Precision.FP32.id())) {
        metrics.put("holdoutAccuracy." + figures.form(), figures.accuracy());
        metrics.put("holdoutAgreement." + figures.form(), figures.agreement());
      }
    }
    return metrics;
  }

  /** The figures of a scoring. */
  static SortedMap<String, Double> metrics(Scores scores, Decision.Calibration calibration) {
    SortedMap<String, Double> metrics =
        metrics(scores.accuracy(), scores.macroF1(), scores.logLoss());
    put(metrics, calibration);
    return metrics;
  }

  private static void put(
      SortedMap<String, Double> metrics, Decision.@Nullable Calibration calibration) {
    if (calibration != null) {
      metrics.put("holdoutLogLoss.uncalibrated", calibration.logLossBefore());
      metrics.put("holdoutLogLoss.crossFitted", calibration.logLossAfter());
      metrics.put("holdoutCalibrationError.uncalibrated", calibration.errorBefore());
      metrics.put("holdoutCalibrationError.crossFitted", calibration.errorAfter());
    }
  }

  private static SortedMap<String, Double> metrics(
      double accuracy, double macroF1, double logLoss) {
    SortedMap<String, Double> metrics = new TreeMap<>();
    metrics.put("holdoutAccuracy", accuracy);
    metrics.put("holdoutMacroF1", macroF1);
    metrics.put("holdoutLogLoss", logLoss);
    return metrics;
  }

  private static String codeVersion() {
    String version = Manifests.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
