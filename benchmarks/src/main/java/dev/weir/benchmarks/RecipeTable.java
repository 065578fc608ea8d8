package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.fit.AdapterTrainer;
import dev.weir.trainer.fit.EncodedExamples;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import dev.weir.trainer.torch.TrainingDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Head refresh and LoRA by the recipe, on so many labels, scored by the serving code on a whole
 * test file: accuracy of each seed, of which the mean and the standard deviation are published.
 *
 * <p>Arguments: a name, the training file, the test file, numbers of labels separated by commas (0
 * for all), how many seeds, or which ones, as {@code 2-3}, threads, where the results go, and
 * settings as {@code NAME=value}. A seed chooses the labels, as many of each class, and all
 * randomness of the training.
 */
public final class RecipeTable {
  private static final List<String> LABELS = List.of("negative", "positive");

  private final BaseModel base;
  private final ServingEncoder serving;
  private final BertEncoder encoder;
  private final TrainingOptions options;
  private final HoldoutEvaluator test;

  private RecipeTable(
      BaseModel base,
      ServingEncoder serving,
      BertEncoder encoder,
      TrainingOptions options,
      List<LabeledText> test) {
    this.base = base;
    this.serving = serving;
    this.encoder = encoder;
    this.options = options;
    this.test = new HoldoutEvaluator(serving, test, options.limit());
  }

  /**
   * One training on one choice of labels.
   *
   * @param probe accuracy of the head refresh on the test file
   * @param lora accuracy of the LoRA adapter there
   * @param probeLogLoss the head refresh's log loss
   * @param loraLogLoss the LoRA adapter's
   * @param bestEpoch the epoch that the LoRA adapter stems from; 0 when it is the start
   * @param seconds of the LoRA training, its validation included
   */
  private record Outcome(
      String suite,
      int labels,
      long seed,
      double probe,
      double lora,
      double probeLogLoss,
      double loraLogLoss,
      int bestEpoch,
      double seconds) {}

  public static void main(String[] args) throws IOException {
    String suite = args[0];
    List<LabeledText> pool = LabeledRows.read(Path.of(args[1]));
    List<LabeledText> test = LabeledRows.read(Path.of(args[2]));
    String[] seeds = args[4].split("-", 2);
    long firstSeed = seeds.length == 1 ? 1 : Long.parseLong(seeds[0]);
    long lastSeed = Long.parseLong(seeds[seeds.length - 1]);
    int threads = Integer.parseInt(args[5]);
    Path results = Path.of(args[6]);
    Map<String, String> settings = new HashMap<>();
    for (String setting : List.of(args).subList(7, args.length)) {
      String[] parts = setting.split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    TorchRuntime.threads(threads);
    TrainingOptions shape = TrainingOptions.parse(settings);
    List<Outcome> outcomes = new ArrayList<>();
    try (BaseModel base = BaseModel.load(BaseModel.DEFAULT);
        ServingEncoder serving =
            new ServingEncoder(base, threads, Precision.FP32, shape.lora(base.config().layers()));
        BertEncoder encoder = new BertEncoder(base, TrainingDevice.cpu(), shape.arithmetic())) {
      for (String count : args[3].split(",", -1)) {
        int labels = Integer.parseInt(count) == 0 ? pool.size() : Integer.parseInt(count);
        List<Outcome> row = new ArrayList<>();
        for (long seed = firstSeed; seed <= lastSeed; seed++) {
          settings.put("WEIR_TRAIN_SEED", String.valueOf(seed));
          TrainingOptions options = TrainingOptions.parse(settings).within(base.config());
          RecipeTable table = new RecipeTable(base, serving, encoder, options, test);
          row.add(table.run(suite, chosen(pool, labels, seed), seed));
          System.err.println(row.get(row.size() - 1));
        }
        outcomes.addAll(row);
        print(row);
        write(results, shape, settings, outcomes);
      }
    }
  }

  private Outcome run(String suite, List<LabeledText> chosen, long seed) {
    EncodedExamples examples =
        EncodedExamples.of(chosen, LABELS, base.tokenizer(), options.limit());
    AdapterTrainer trainer = new AdapterTrainer(serving, options, LABELS, examples, null);
    AdapterWeights probe = trainer.headRefresh().weights();
    long began = System.nanoTime();
    AdapterTrainer.Trained lora = trainer.lora(encoder, progress -> {}, () -> false);
    double seconds = (System.nanoTime() - began) / 1e9;
    var probed = test.score(probe);
    var tuned = test.score(lora.weights());
    return new Outcome(
        suite,
        chosen.size(),
        seed,
        probed.accuracy(),
        tuned.accuracy(),
        probed.logLoss(),
        tuned.logLoss(),
        lora.bestEpoch(),
        seconds);
  }

  /** As many of each class; all of the file as it is when that is asked for. */
  private static List<LabeledText> chosen(List<LabeledText> pool, int labels, long seed) {
    if (labels == pool.size()) {
      return pool;
    }
    List<LabeledText> shuffled = new ArrayList<>(pool);
    Collections.shuffle(shuffled, new Random(seed));
    List<LabeledText> chosen = new ArrayList<>();
    for (String label : LABELS) {
      shuffled.stream()
          .filter(text -> text.label().equals(label))
          .limit(labels / LABELS.size())
          .forEach(chosen::add);
    }
    return chosen;
  }

  private static void print(List<Outcome> row) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %d | %s | %s | %d |%n",
        row.get(0).suite(),
        row.get(0).labels(),
        spread(row.stream().mapToDouble(Outcome::probe).toArray()),
        spread(row.stream().mapToDouble(Outcome::lora).toArray()),
        row.size());
  }

  private static String spread(double[] values) {
    double mean = 0;
    for (double value : values) {
      mean += value / values.length;
    }
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return values.length == 1
        ? String.format(Locale.ROOT, "%.4f", mean)
        : String.format(Locale.ROOT, "%.4f ± %.4f", mean, Math.sqrt(squares / (values.length - 1)));
  }

  private static void write(
      Path file, TrainingOptions options, Map<String, String> settings, List<Outcome> outcomes)
      throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("base", BaseModel.DEFAULT);
    document.put("settings", options.written());
    document.put("overrides", settings);
    document.put("arithmetic", options.arithmetic().name());
    document.put("outcomes", outcomes);
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(file.toFile(), document);
  }
}
