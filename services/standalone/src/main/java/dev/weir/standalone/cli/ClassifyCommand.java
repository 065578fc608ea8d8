package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Classifies texts through the HTTP interface. */
@Command(
    name = "classify",
    mixinStandardHelpOptions = true,
    description = "Classify texts through a running inference service.")
final class ClassifyCommand implements Callable<Integer> {

  private static final int CHUNK = 256;

  private final Map<String, String> environment;

  @Parameters(paramLabel = "TEXT|-", arity = "1..*", description = "texts, or - for one per line")
  private List<String> texts = List.of();

  @Mixin private ServiceAddress service = new ServiceAddress();

  @Option(names = "--adapter", description = "who answers (default: ${DEFAULT-VALUE})")
  private String adapter = "default";

  @Option(names = "--json", description = "print one JSON object per text")
  private boolean json;

  @Spec private @Nullable CommandSpec spec;

  ClassifyCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    CommandSpec command = Objects.requireNonNull(spec);
    List<String> all = texts.equals(List.of("-")) ? lines() : texts;
    if (all.isEmpty()) {
      throw new ParameterException(command.commandLine(), "standard input holds no text");
    }
    HttpApi api = service.api(environment);
    PrintWriter out = command.commandLine().getOut();
    boolean answered = false;
    for (int start = 0; start < all.size(); start += CHUNK) {
      List<String> chunk = all.subList(start, Math.min(all.size(), start + CHUNK));
      JsonNode results =
          api.post("/v1/classify", Map.of("texts", chunk, "adapter", adapter)).path("results");
      for (int i = 0; i < chunk.size(); i++) {
        answered |= !results.path(i).path("abstained").asBoolean();
        out.println(json ? results.path(i).toString() : line(results.path(i), chunk.get(i)));
      }
      out.flush();
    }
    if (!answered) {
      // A script that asks for an adapter that is not there has to see it.
      command.commandLine().getErr().println("weir: no text was classified; the reasons are above");
      command.commandLine().getErr().flush();
      return 1;
    }
    return 0;
  }

  private static String line(JsonNode result, String text) {
    if (result.path("abstained").asBoolean()) {
      return "abstained  %s  (%s)".formatted(text, result.path("reason").path("message").asText());
    }
    String label = result.path("label").asText();
    return String.format(
        Locale.ROOT,
        "%-10s %.3f  %s@%d  %s",
        label,
        result.path("scores").path(label).asDouble(),
        result.path("adapter").asText(),
        result.path("version").asInt(),
        text);
  }

  private static List<String> lines() throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<String> lines = new ArrayList<>();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (!line.isBlank()) {
        lines.add(line);
      }
    }
    return lines;
  }
}
