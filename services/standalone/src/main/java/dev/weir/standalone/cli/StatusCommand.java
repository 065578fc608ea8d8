package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One screen of what runs, what is missing for the next adapter, and what failed last. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "One screen of a running Weir: what runs, what is missing for the next adapter, what failed.",
      "Ends with 1 when the service is not ready."
    })
final class StatusCommand implements Callable<Integer> {

  private static final int FAILURES = 5;

  private final Map<String, String> environment;

  @Mixin private ServiceAddress service = new ServiceAddress();

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Spec private @Nullable CommandSpec spec;

  StatusCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    HttpApi api = service.api(environment);
    JsonNode health = api.report("/health/ready");
    JsonNode adapters = api.get("/v1/adapters");
    MetricsText metrics = MetricsText.parse(api.text("/metrics"));
    boolean ready = health.path("status").asText().equals("up");
    ObjectNode status = EventJson.mapper().createObjectNode();
    status.put("ready", ready);
    status.set("components", health.path("components"));
    status.put("baseModel", adapters.path("baseModel").asText());
    boolean counted = metrics.has("weir_curation_open_examples") || localCuration(health);
    List<String> lines = new ArrayList<>();
    lines.add(
        "ready: " + (ready ? "yes" : "NO") + ", base model " + status.get("baseModel").asText());
    health
        .path("components")
        .properties()
        .forEach(
            part ->
                lines.add(
                    "  %-12s %s  %s"
                        .formatted(
                            part.getKey(),
                            part.getValue().path("status").asText(),
                            part.getValue().path("detail").asText())));
    lines.add("adapters:");
    var shown = status.putArray("adapters");
    for (JsonNode adapter : adapters.path("adapters")) {
      String name = adapter.path("adapter").asText();
      long open =
          Math.round(metrics.sum("weir_curation_open_examples", "adapter=\"" + name + "\""));
      NextAdapter next = NextAdapter.of(adapter, open, environment);
      ObjectNode one = shown.addObject();
      one.put("adapter", name);
      one.set("serving", adapter.path("serving").path("version"));
      lines.add("  " + AdapterLine.of(adapter));
      if (counted) {
        one.put("labels", next.labels());
        one.put("needed", next.needed());
        lines.add("    " + next.line());
      }
    }
    if (!counted) {
      lines.add("  curation runs elsewhere; its open batch is in its own /metrics");
    }
    if (metrics.has("weir_trainer_busy")) {
      boolean busy = metrics.sum("weir_trainer_busy", "") > 0;
      status.put("training", busy);
      lines.add(
          "training: " + (busy ? "a batch is in training" : "idle, waits for a closed batch"));
    }
    List<String> failures = new ArrayList<>(outOfOrder(health));
    failures.addAll(failures(adapters, metrics));
    var failed = status.putArray("failures");
    failures.forEach(failed::add);
    lines.add("what failed last:" + (failures.isEmpty() ? " nothing" : ""));
    failures.forEach(failure -> lines.add("  " + failure));
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    if (json) {
      out.println(status);
    } else {
      lines.forEach(out::println);
    }
    out.flush();
    return ready ? 0 : 1;
  }

  private static boolean localCuration(JsonNode health) {
    return health.path("components").has("curation");
  }

  private static List<String> outOfOrder(JsonNode health) {
    List<String> faults = new ArrayList<>();
    for (var part : health.path("components").properties()) {
      String state = part.getValue().path("status").asText();
      if (!state.equals("up")) {
        faults.add(
            "%s is %s: %s"
                .formatted(part.getKey(), state, part.getValue().path("detail").asText()));
      }
    }
    return faults;
  }

  private static List<String> failures(JsonNode adapters, MetricsText metrics) {
    List<String> failures = new ArrayList<>();
    for (JsonNode adapter : adapters.path("adapters")) {
      JsonNode newest = adapter.path("versions").path(0);
      for (JsonNode version : adapter.path("versions")) {
        newest =
            version.path("version").asInt() > newest.path("version").asInt() ? version : newest;
      }
      if (newest.path("state").asText().equals("retained")) {
        failures.add(
            "%s@%d was not released: %s, %s"
                .formatted(
                    adapter.path("adapter").asText(),
                    newest.path("version").asInt(),
                    newest.path("decision").path("reason").asText(),
                    newest.path("decision").path("message").asText()));
      }
      for (String kind : List.of("failure", "canaryFailure", "shadowFailure")) {
        if (adapter.has(kind)) {
          failures.add(
              "%s could not be loaded: %s"
                  .formatted(
                      adapter.path("adapter").asText(),
                      adapter.path(kind).path("message").asText(adapter.path(kind).toString())));
        }
      }
    }
    count(
        "feedback that was refused",
        metrics.by("weir_curation_dead_letters_total", "reason"),
        failures);
    count(
        "reviews that were refused",
        metrics.by("weir_inference_dead_letters_total", "reason"),
        failures);
    count("trainings that failed", metrics.by("weir_trainer_failures_total", "reason"), failures);
    return failures;
  }

  private static void count(String what, Map<String, Long> counts, List<String> failures) {
    if (!counts.isEmpty()) {
      List<String> parts = new ArrayList<>();
      counts.entrySet().stream()
          .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
          .limit(FAILURES)
          .forEach(entry -> parts.add(entry.getKey() + " " + entry.getValue()));
      failures.add(what + ", since the start: " + String.join(", ", parts));
    }
  }
}
