package dev.weir.benchmarks.recovery;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Machine;
import dev.weir.benchmarks.TemporaryDirectory;
import dev.weir.model.base.BaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/**
 * {@code make bench-recovery}: how long no record is answered or counted after a crash, a restart
 * or a freeze. Exit code 1 when a try took longer than its target.
 */
@Command(
    name = "bench-recovery",
    mixinStandardHelpOptions = true,
    description =
        "Measures how long Weir's processes are away after kill -9, a clean restart and a freeze.")
public final class RecoveryBenchmark implements Callable<Integer> {

  @Option(names = "--tries", description = "of each scenario (${DEFAULT-VALUE})")
  private int tries = 10;

  @Option(
      names = "--only",
      split = ",",
      description =
          "crash-inference, crash-curation, restart-inference, restart-curation, frozen-inference")
  private List<Scenario> only = new ArrayList<>();

  @Option(
      names = "--examples",
      description = "that curation keeps when it is restarted (${DEFAULT-VALUE})")
  private int examples = 100_000;

  @Option(names = "--base", description = "base model (${DEFAULT-VALUE})")
  private String base = BaseModel.DEFAULT;

  @Option(
      names = "--client-config",
      paramLabel = "FILE",
      description = "properties of the services' Kafka clients, to see what a setting buys")
  private @Nullable Path clientConfig;

  @Option(names = "--out", description = "the result (${DEFAULT-VALUE})")
  private Path out = Path.of("benchmarks/results/recovery.json");

  private RecoveryBenchmark() {}

  public static void main(String[] arguments) {
    ITypeConverter<Scenario> scenarios =
        name -> Scenario.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    System.exit(
        new CommandLine(new RecoveryBenchmark())
            .registerConverter(Scenario.class, scenarios)
            .execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    ObjectNode machine = Machine.describe();
    Set<Scenario> scenarios = only.isEmpty() ? EnumSet.allOf(Scenario.class) : EnumSet.copyOf(only);
    List<Outcome> outcomes = new ArrayList<>();
    try (TemporaryDirectory directory = TemporaryDirectory.create("weir-recovery-")) {
      RecoveryRun run =
          new RecoveryRun(
              directory.path(), base, Optional.ofNullable(clientConfig), tries, examples);
      for (Scenario scenario : scenarios) {
        System.out.println(scenario.description());
        outcomes.add(run.run(scenario));
      }
    }
    print(outcomes);
    write(outcomes, machine);
    boolean met = outcomes.stream().allMatch(Outcome::met);
    return met ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private static void print(List<Outcome> outcomes) {
    System.out.printf(
        "%-82s %5s %6s %6s %6s %6s  %s%n",
        "seconds", "tries", "min", "median", "max", "target", "each partition, max");
    for (Outcome each : outcomes) {
      System.out.printf(
          Locale.ROOT,
          "%-82s %5d %6.1f %6.1f %6.1f %6.0f  %.1f%s%n",
          each.scenario().description(),
          each.first().size(),
          at(each.first(), 0),
          at(each.first(), .5),
          at(each.first(), 1),
          each.scenario().targetSeconds(),
          at(each.all(), 1),
          each.met() ? "" : "  MISSED" + each.failure().map(why -> ": " + why).orElse(""));
    }
  }

  private void write(List<Outcome> outcomes, ObjectNode machine) throws IOException {
    ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    ObjectNode result = json.createObjectNode();
    result.set("machine", machine);
    result.put("base", base);
    result.put("tries", tries);
    result.put("examples", examples);
    if (clientConfig != null) {
      result.put("clientConfig", Files.readString(clientConfig));
    }
    ArrayNode list = result.putArray("scenarios");
    for (Outcome each : outcomes) {
      ObjectNode node = list.addObject();
      node.put("scenario", each.scenario().id());
      node.put("description", each.scenario().description());
      node.put("targetSeconds", each.scenario().targetSeconds());
      node.put("met", each.met());
      node.put("minSeconds", rounded(at(each.first(), 0)));
      node.put("medianSeconds", rounded(at(each.first(), .5)));
      node.put("maxSeconds", rounded(at(each.first(), 1)));
      ArrayNode first = node.putArray("seconds");
      each.first().forEach(seconds -> first.add(rounded(seconds)));
      ArrayNode all = node.putArray("secondsToEachPartition");
      each.all().forEach(seconds -> all.add(rounded(seconds)));
      each.failure().ifPresent(why -> node.put("failure", why));
    }
    Path parent = out.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.write(out, json.writeValueAsBytes(result));
    System.out.println(out);
  }

  /** The value at a share of the sorted ones; for the median of an even number the upper one. */
  private static double at(List<Double> values, double share) {
    if (values.isEmpty()) {
      return Double.NaN;
    }
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
  }

  private static double rounded(double seconds) {
    return Double.isNaN(seconds) ? -1 : Math.round(seconds * 100) / 100.0;
  }
}
