package dev.weir.benchmarks.soak;

import dev.weir.model.base.BaseModel;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** How many swaps, how fast, under which load. */
final class SoakOptions {
  @Option(names = "--swaps", description = "champions announced in all (${DEFAULT-VALUE})")
  int swaps = 5000;

  @Option(names = "--swaps-per-second", description = "while swapping (${DEFAULT-VALUE})")
  double swapsPerSecond = 20;

  @Option(
      names = "--window-seconds",
      description = "length of the windows with and without swaps (${DEFAULT-VALUE})")
  double windowSeconds = 5;

  @Option(
      names = "--load",
      description = "share of the throughput, half of it per path (${DEFAULT-VALUE})")
  double load = 0.5;

  @Option(names = "--texts", split = ",", description = "JSON lines with texts (${DEFAULT-VALUE})")
  List<Path> texts = List.of(Path.of("../shared/data/sst2-dev.jsonl"));

  @Option(names = "--base", description = "base model (${DEFAULT-VALUE})")
  String base = BaseModel.DEFAULT;

  @Option(names = "--max-tokens", description = "longest input (${DEFAULT-VALUE})")
  int maxTokens = 256;

  @Option(names = "--seed", description = "of adapters and arrivals (${DEFAULT-VALUE})")
  long seed = 1;

  @Option(names = "--out", description = "the result (${DEFAULT-VALUE})")
  Path out = Path.of("benchmarks/results/soak.json");

  /** A pair of windows, one without swaps and one with them. */
  int pairs() {
    return (int) Math.ceil(swaps / (swapsPerSecond * window()));
  }

  /** At least five pairs, however few the swaps. */
  double window() {
    return Math.max(0.5, Math.min(windowSeconds, swaps / swapsPerSecond / 5));
  }
}
