package dev.weir.benchmarks.serving;

import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the serving comparison is run on, and how long. */
final class ServingOptions {
  private static final String DATA = "../shared/data/";

  @Option(names = "--sentences", split = ",", description = "JSON lines with short texts")
  List<Path> sentences =
      List.of(
          Path.of(DATA + "sst2-dev.jsonl"),
          Path.of(DATA + "yelp.jsonl"),
          Path.of(DATA + "amazon.jsonl"));

  @Option(names = "--long", split = ",", description = "JSON lines with long texts")
  List<Path> longOnes = List.of(Path.of(DATA + "imdb-test.jsonl"));

  @Option(names = "--base", description = "base model (${DEFAULT-VALUE})")
  String base = BaseModel.DEFAULT;

  @Option(names = "--max-tokens", description = "longest input (${DEFAULT-VALUE})")
  int maxTokens = 256;

  @Option(names = "--precisions", split = ",", description = "of fp32 and int8 (${DEFAULT-VALUE})")
  List<Precision> precisions = List.of(Precision.FP32, Precision.INT8);

  @Option(names = "--seed", description = "of texts, adapters and arrivals (${DEFAULT-VALUE})")
  long seed = 1;

  @Option(names = "--rounds", description = "each way is measured so often (${DEFAULT-VALUE})")
  int rounds = 3;

  @Option(
      names = "--seconds",
      description = "so long would the ceiling take for one measurement (${DEFAULT-VALUE})")
  double seconds = 6;

  @Option(
      names = "--latency-seconds",
      description = "length of each latency run (${DEFAULT-VALUE})")
  double latencySeconds = 20;

  @Option(
      names = "--warm-up-seconds",
      description =
          "before the first round over Kafka, and about as long over HTTP, per precision (${DEFAULT-VALUE})")
  double warmUpSeconds = 40;

  @Option(
      names = "--load",
      description = "share of the measured throughput that latency runs have (${DEFAULT-VALUE})")
  double load = 0.5;

  @Option(names = "--connections", description = "HTTP clients (${DEFAULT-VALUE})")
  int connections = 64;

  @Option(names = "--threads", description = "cores to use; 0 for all (${DEFAULT-VALUE})")
  int threads;

  @Option(names = "--adapters", split = ",", description = "adapters per graph (${DEFAULT-VALUE})")
  List<Integer> adapters = List.of(1, 32, 1000);

  @Option(
      names = "--all-linear",
      description =
          "adapters as training makes them, rank 16 on all linear layers, instead of rank 8 on query and value")
  boolean allLinear;

  @Option(
      names = "--price-per-core-hour",
      description = "for the cost per million reviews (${DEFAULT-VALUE})")
  double pricePerCoreHour = 0.04;

  @Option(
      names = "--peers-python",
      description = "interpreter of the peers' environment; none leaves the Python peer out")
  @Nullable Path peersPython;

  @Option(
      names = "--peer",
      paramLabel = "NAME|PRECISION|URL|FIELD",
      description = "a peer that runs already; repeatable")
  List<String> running = new ArrayList<>();

  @Option(
      names = "--absent",
      paramLabel = "NAME=REASON",
      description = "a peer that is named in the table as missing; repeatable")
  Map<String, String> absent = new LinkedHashMap<>();

  @Option(names = "--out", description = "the result (${DEFAULT-VALUE})")
  Path out = Path.of("benchmarks/results/serving.json");

  @Option(
      names = "--quick",
      description = "about a minute, for smoke tests: one short round, 1 and 32 adapters")
  boolean quick;

  /** Shortens everything when a quick run is asked for. */
  void settle() {
    if (quick) {
      rounds = 1;
      seconds = 1;
      latencySeconds = 3;
      warmUpSeconds = 3;
      adapters = List.of(1, 32);
    }
    if (threads == 0) {
      threads = Runtime.getRuntime().availableProcessors();
    }
  }

  LoraConfig lora() {
    return allLinear ? BenchmarkAdapter.FULL : BenchmarkAdapter.LIGHT;
  }

  TokenLimit limit() {
    return TokenLimit.of(maxTokens);
  }
}
