package dev.weir.trainer.export;

import dev.weir.common.adapter.Manifest;
import dev.weir.common.model.Truncation;
import java.util.Locale;

/** The text that tells people what an adapter is, in the form Hugging Face's hub shows. */
final class ModelCard {

  private ModelCard() {}

  static String of(Manifest manifest) {
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
    if (lineage.parentVersion() != null) {
      card.append("- Trained from version ").append(lineage.parentVersion()).append('\n');
    }
    manifest
        .metrics()
        .forEach(
            (name, value) -> card.append(String.format(Locale.ROOT, "- %s: %.4f\n", name, value)));
    return card.toString();
  }

  private static String read(Truncation truncation) {
    return switch (truncation) {
      case LEFT -> "the tail is read";
      case RIGHT -> "the head is read";
      case HEAD_TAIL -> "the head and the tail are read";
    };
  }
}
