package dev.weir.trainer.export;

import dev.weir.contract.release.Decision;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.text.Truncation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The text that tells people what an adapter is, in the form Hugging Face's hub shows. */
final class ModelCard {

  private ModelCard() {}

  static String of(Manifest manifest, @Nullable Decision decision) {
    Manifest.Lineage lineage = manifest.lineage();
    StringBuilder card = new StringBuilder();
    card.append("---\nlibrary_name: peft\nbase_model: ")
        .append(manifest.baseModel())
        .append("\npipeline_tag: text-classification\n---\n\n# ")
        .append(manifest.id())
        .append("\n\nA text classifier with the labels ")
        .append(String.join(", ", manifest.labels()))
        .append(", trained by Weir ")
        .append(lineage.codeVersion())
        .append(" (")
        .append(manifest.method().name().toLowerCase(Locale.ROOT).replace('_', ' '))
        .append(").\n\n")
        .append("- Base: ")
        .append(manifest.baseModel())
        .append(", sha-256 ")
        .append(manifest.baseDigest())
        .append("\n- Examples: ")
        .append(lineage.trainExamples())
        .append(" to learn from, ")
        .append(lineage.replayExamples())
        .append(" of them of earlier batches; judged by ")
        .append(lineage.holdoutExamples())
        .append("\n- Longest input: ")
        .append(manifest.maxTokens())
        .append(" tokens; of longer texts ")
        .append(read(manifest.truncation()))
        .append('\n');
    line(
        card,
        "- Temperature: %.4f; divide the logits by it before the softmax. Labels do not depend on it",
        manifest.temperature());
    lineage
        .trainLabels()
        .forEach((label, count) -> line(card, "- Learned from %d examples of %s", count, label));
    if (lineage.parentVersion() != null) {
      card.append("- Trained from version ").append(lineage.parentVersion()).append('\n');
    }
    manifest.metrics().forEach((name, value) -> line(card, "- %s: %.4f", name, value));
    if (decision != null) {
      decided(card, decision);
    }
    return card.toString();
  }

  private static String read(Truncation truncation) {
    return switch (truncation) {
      case LEFT -> "the tail is read";
      case RIGHT -> "the head is read";
      case HEAD_TAIL -> "the head and the tail are read";
    };
  }

  private static void decided(StringBuilder card, Decision decision) {
    line(card, "%n## Why it was promoted%n");
    line(card, "`%s`: %s.", decision.reason(), decision.message());
    Decision.Frozen frozen = decision.frozen();
    if (frozen != null) {
      line(
          card,
          "On the %d oldest holdout rows (the frozen set): %.4f, the champion %s.%s",
          frozen.rows(),
          frozen.accuracy(),
          figure(frozen.championAccuracy()),
          frozen.ruled() ? "" : " The rule against forgetting was off.");
    }
    Decision.Calibration calibration = decision.calibration();
    if (calibration != null) {
      calibrated(card, calibration);
    }
    line(card, "%n| precision | rows | accuracy | agreement with fp32 | ships |");
    line(card, "|---|---|---|---|---|");
    for (Decision.PrecisionFigures form : decision.precisions()) {
      line(
          card,
          "| %s | %d | %.4f | %.4f | %s |",
          form.form(),
          form.rows(),
          form.accuracy(),
          form.agreement(),
          form.allowed() ? "yes" : "no");
    }
    line(card, "%n| part of the holdout | rows | accuracy | champion |");
    line(card, "|---|---|---|---|");
    for (Decision.Slice slice : decision.slices()) {
      line(
          card,
          "| %s %s | %d | %.4f | %s |",
          slice.by(),
          cell(slice.value()),
          slice.rows(),
          slice.accuracy(),
          figure(slice.championAccuracy()));
    }
  }

  private static void calibrated(StringBuilder card, Decision.Calibration calibration) {
    if (calibration.rows() == 0) {
      line(
          card,
          "Too few holdout rows to fit a temperature: probabilities are as the head gives them.");
      return;
    }
    line(
        card,
        "Temperature %.4f, fitted on %d holdout rows: log loss %.4f → %.4f, calibration error %.4f → %.4f (cross-fitted).",
        calibration.temperature(),
        calibration.rows(),
        calibration.logLossBefore(),
        calibration.logLossAfter(),
        calibration.errorBefore(),
        calibration.errorAfter());
  }

  private static String figure(@Nullable Double value) {
    return value == null ? "–" : String.format(Locale.ROOT, "%.4f", value);
  }

  /** A source's name is anybody's text: it must not break out of its cell. */
  private static String cell(String text) {
    return text.replaceAll("[|`<>\\p{Cntrl}]", " ");
  }

  private static void line(StringBuilder card, String format, Object... values) {
    card.append(String.format(Locale.ROOT, format.replace("%n", "\n"), values)).append('\n');
  }
}
