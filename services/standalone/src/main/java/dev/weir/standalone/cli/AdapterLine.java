package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/** One adapter of {@code GET /v1/adapters} on one line. */
final class AdapterLine {

  private static final int DIGEST_SHOWN = 12;

  private AdapterLine() {}

  static String of(JsonNode adapter) {
    String name = adapter.path("adapter").asText();
    JsonNode serving = adapter.path("serving");
    StringBuilder line = new StringBuilder();
    if (serving.isMissingNode()) {
      line.append(name).append("  nothing served yet");
    } else {
      int version = serving.path("version").asInt();
      String digest = serving.path("digest").asText();
      line.append(
          "%s@%d  %s…  live since %s"
              .formatted(
                  name,
                  version,
                  digest.substring(0, Math.min(DIGEST_SHOWN, digest.length())),
                  serving.path("liveSince").asText()));
      for (JsonNode known : adapter.path("versions")) {
        if (known.path("version").asInt() == version) {
          line.append(
              String.format(
                  Locale.ROOT,
                  "  %s, holdout accuracy %.3f",
                  known.path("method").asText().replace('_', ' '),
                  known.path("decision").path("accuracy").asDouble()));
        }
      }
    }
    PlanLine.parts(adapter.path("plan")).forEach(part -> line.append("  ").append(part));
    for (String failed : List.of("failure", "canaryFailure", "shadowFailure")) {
      JsonNode failure = adapter.path(failed);
      if (!failure.isMissingNode()) {
        line.append("  NOT LOADED: ").append(failure.path("message").asText(failure.toString()));
      }
    }
    return line.toString();
  }
}
