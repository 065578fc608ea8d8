package dev.weir.inference.score;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.release.AdapterId;
import dev.weir.inference.score.Answer.Abstained;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;

/** The reasons for which nobody answers, the same on Kafka and HTTP. */
final class Abstentions {

  static final String NO_ADAPTER = "no-adapter";
  static final String LOW_CONFIDENCE = "low-confidence";

  /** The version that should answer is evicted and cannot be loaded. */
  static final String ADAPTER_UNAVAILABLE = "adapter-unavailable";

  /** Nothing of the text is known to the model. */
  static final String NO_TOKEN = "no-token";

  private Abstentions() {}

  static Abstained noToken() {
    return new Abstained(
        NO_TOKEN,
        "the text has nothing that the model knows: no word is left of it but mark-up, invisible"
            + " characters or unknown signs; send the text itself, in the language of the model");
  }

  static Abstained unavailable(AdapterId id, Throwable problem) {
    Throwable cause =
        problem instanceof CompletionException && problem.getCause() != null
            ? problem.getCause()
            : problem;
    return new Abstained(
        ADAPTER_UNAVAILABLE,
        "adapter %s is evicted and could not be loaded: %s; see its failure in /v1/adapters"
            .formatted(id, cause.getMessage() == null ? "it took too long" : cause.getMessage()));
  }

  static Abstained noneInService(String adapter) {
    return new Abstained(
        NO_ADAPTER,
        "no version of adapter '%s' is in service here: none was released yet, then produce labeled feedback to topic feedback; or it could not be loaded, then see its failure in /v1/adapters"
            .formatted(adapter));
  }

  static Abstained lowConfidence(AdapterId id, String label, double probability, double least) {
    return new Abstained(
        LOW_CONFIDENCE,
        String.format(
            Locale.ROOT,
            "the best label of %s, '%s', has probability %.4f, at least %s is asked for; label the"
                + " text, or lower the threshold with weir adapters threshold",
            id,
            label,
            probability,
            least));
  }

  static Abstained undeclared(String adapter, AdapterCatalog catalog) {
    return new Abstained(
        NO_ADAPTER,
        "adapter '%s' is none of the declared ones, %s; ask one of them, or declare it in WEIR_ADAPTERS"
            .formatted(adapter, String.join(", ", new TreeSet<>(catalog.names()))));
  }
}
