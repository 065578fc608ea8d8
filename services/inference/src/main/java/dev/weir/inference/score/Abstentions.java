package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.common.event.AdapterCatalog;
import dev.weir.inference.score.Answer.Abstained;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;

/** The reasons for which nobody answers, the same on Kafka and HTTP. */
final class Abstentions {

  static final String NO_ADAPTER = "no-adapter";

  /** The version that should answer is evicted and cannot be loaded. */
  static final String ADAPTER_UNAVAILABLE = "adapter-unavailable";

  private Abstentions() {}

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

  static Abstained noRelease(String adapter) {
    return new Abstained(
        NO_ADAPTER,
        "no version of adapter '%s' has been released yet; produce labeled feedback to topic feedback"
            .formatted(adapter));
  }

  static Abstained undeclared(String adapter, AdapterCatalog catalog) {
    return new Abstained(
        NO_ADAPTER,
        "adapter '%s' is none of the declared ones, %s; ask one of them, or declare it in WEIR_ADAPTERS"
            .formatted(adapter, String.join(", ", new TreeSet<>(catalog.names()))));
  }
}
