package dev.weir.benchmarks.serving;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.RunBuffers;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What many adapters in one graph cost: the same batches on the merged model and on 1, 32 and 1,000
 * slots, each row with an adapter of its own choice, alternating.
 */
final class AdapterCost {
  /** As the service has them: one per thread that runs. */
  private static final ThreadLocal<RunBuffers> BUFFERS = ThreadLocal.withInitial(RunBuffers::new);

  private final BaseModel base;
  private final LoraConfig lora;
  private final TokenLimit limit;
  private final int threads;
  private final int tokenBudget;
  private final int rounds;

  AdapterCost(
      BaseModel base, LoraConfig lora, TokenLimit limit, int threads, int tokenBudget, int rounds) {
    this.base = base;
    this.lora = lora;
    this.limit = limit;
    this.threads = threads;
    this.tokenBudget = tokenBudget;
    this.rounds = rounds;
  }

  /** Texts per second of the merged model and per number of slots, and each one's share of it. */
  ObjectNode measure(
      Precision precision, List<Integer> counts, List<StreamText> texts, Path directory, long seed)
      throws IOException, InterruptedException {
    AdapterWeights weights = BenchmarkAdapter.random(base.config(), lora, seed);
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    List<SlotEncoder> encoders = new ArrayList<>();
    try (MergedRuntime merged =
        MergedRuntime.open(base, weights, precision, directory, limit, threads, tokenBudget)) {
      for (int count : counts) {
        encoders.add(filled(count, precision, weights));
      }
      // The first round warms up and does not count.
      for (int round = 0; round <= rounds; round++) {
        note(rates, "merged", round, merged.perSecond(texts));
        for (int i = 0; i < counts.size(); i++) {
          double rate = perSecond(encoders.get(i), counts.get(i), texts, seed + round);
          note(rates, Integer.toString(counts.get(i)), round, rate);
        }
      }
    } finally {
      encoders.forEach(SlotEncoder::close);
    }
    return json(rates);
  }

  /** Every slot holds the same numbers: their values cost no time, that they are many does. */
  private SlotEncoder filled(int slots, Precision precision, AdapterWeights weights) {
    SlotLayout layout = BenchmarkAdapter.layout(slots, lora);
    SlotEncoder encoder = SlotEncoder.open(base, layout, precision, 1);
    for (int slot = 0; slot < slots; slot++) {
      encoder.write(slot, weights);
    }
    return encoder;
  }

  private double perSecond(SlotEncoder encoder, int slots, List<StreamText> texts, long seed)
      throws InterruptedException {
    List<int[][]> batches =
        BatchPlan.sorted(BatchPlan.tokens(texts, base.tokenizer(), limit), tokenBudget);
    Random random = new Random(seed);
    int[][] wanted =
        batches.stream()
            .map(batch -> random.ints(batch.length, 0, slots).toArray())
            .toArray(int[][]::new);
    double seconds =
        Workers.seconds(
            threads,
            batches.size(),
            at -> {
              if (encoder.logits(batches.get(at), wanted[at], BUFFERS.get()).length
                  != wanted[at].length) {
                throw new IllegalStateException("answers are missing");
              }
            });
    return texts.size() / seconds;
  }

  private static void note(Map<String, List<Double>> rates, String name, int round, double rate) {
    if (round > 0) {
      rates.computeIfAbsent(name, key -> new ArrayList<>()).add(rate);
    }
  }

  private static ObjectNode json(Map<String, List<Double>> rates) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    double merged = Median.of(rates.getOrDefault("merged", List.of()));
    rates.forEach(
        (name, values) ->
            json.putObject(name)
                .put("perSecond", Median.of(values))
                .put("ofMerged", Median.of(values) / merged));
    return json;
  }
}
