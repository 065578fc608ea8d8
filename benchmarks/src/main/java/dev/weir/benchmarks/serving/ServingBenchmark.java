package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.benchmarks.Machine;
import dev.weir.benchmarks.TemporaryDirectory;
import dev.weir.model.spec.Precision;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code make bench-serving}: measures serving from end to end and writes what it found. */
@Command(
    name = "bench-serving",
    mixinStandardHelpOptions = true,
    description = "Measures Weir over Kafka and HTTP between a ceiling, a naive loop and peers.")
public final class ServingBenchmark implements Callable<Integer> {
  @Mixin private final ServingOptions options = new ServingOptions();

  private ServingBenchmark() {}

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new ServingBenchmark())
            .registerConverter(Precision.class, Precision::of)
            .execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    options.settle();
    ObjectNode machine = Machine.describe();
    long began = System.nanoTime();
    ServingReport report;
    try (TemporaryDirectory directory = TemporaryDirectory.create("weir-bench-")) {
      report = new ServingRun(options, directory.path()).run();
    }
    report.write(options.out, machine);
    report.print();
    System.out.printf(Locale.ROOT, "%s, %.0f s%n", options.out, (System.nanoTime() - began) / 1e9);
    return CommandLine.ExitCode.OK;
  }
}
