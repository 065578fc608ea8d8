package dev.weir.trainer;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.adapter.Champion;
import dev.weir.common.adapter.Manifest;
import dev.weir.common.adapter.Method;
import dev.weir.common.event.TrainingBatch;
import dev.weir.common.model.BaseModel;
import dev.weir.trainer.fit.TrainingOptions;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Manifests of new adapters, complete but for their files. */
final class Manifests {

  private Manifests() {}

  /** Where an adapter comes from; champion and batch are {@code null} outside the loop. */
  record Origin(
      @Nullable Champion parent,
      @Nullable TrainingBatch batch,
      int train,
      int replayed,
      int holdout) {}

  static Manifest of(
      BaseModel base,
      AdapterId id,
      Method method,
      List<String> labels,
      TrainingOptions options,
      SortedMap<String, Double> metrics,
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
        new TreeMap<>(),
        metrics,
        new Manifest.Lineage(
            parent == null ? null : parent.version(),
            parent == null ? null : parent.digest(),
            batch == null ? null : batch.id(),
            batch == null ? List.of() : batch.input(),
            origin.train(),
            origin.replayed(),
            origin.holdout(),
            options.written(),
            options.seed(),
            codeVersion()));
  }

  static SortedMap<String, Double> metrics(double accuracy, double macroF1, double logLoss) {
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
