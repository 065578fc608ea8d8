package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What a control's answer, or an adapter of {@code GET /v1/adapters}, says of its plan. */
final class PlanLine {

  private PlanLine() {}

  /** A control's answer on one line. */
  static String of(JsonNode answer) {
    String champion =
        answer.has("champion")
            ? "champion version " + answer.at("/champion/version").asInt()
            : "no champion";
    List<String> parts = parts(answer.path("plan"));
    parts.add(0, champion);
    return "%s: %s%s"
        .formatted(
            answer.path("adapter").asText(),
            String.join(", ", parts),
            answer.path("changed").asBoolean() ? "" : " (it was so already)");
  }

  /** What a plan asks for beyond the champion. */
  static List<String> parts(JsonNode plan) {
    List<String> parts = new ArrayList<>();
    JsonNode pinned = plan.path("pinned");
    if (pinned.has("version")) {
      String from =
          pinned.has("rolledBackFrom")
              ? ", rolled back from " + pinned.path("rolledBackFrom").asInt()
              : "";
      parts.add("pinned at version " + pinned.path("version").asInt() + from);
    }
    JsonNode canary = plan.path("canary");
    if (canary.has("version")) {
      parts.add(
          "canary version %d for a share of %s"
              .formatted(canary.path("version").asInt(), canary.path("share").asText()));
    }
    if (plan.at("/shadow/version").isInt()) {
      parts.add("shadow version " + plan.at("/shadow/version").asInt());
    }
    if (plan.path("abstainBelow").asDouble() > 0) {
      parts.add("abstains below " + plan.path("abstainBelow").asText());
    }
    return parts;
  }
}
