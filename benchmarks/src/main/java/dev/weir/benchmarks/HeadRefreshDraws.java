package dev.weir.benchmarks;

import dev.weir.model.base.BaseModel;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.fit.AdapterTrainer;
import dev.weir.trainer.fit.EncodedExamples;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.serving.ServingEncoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * What a head refresh learns from few labels: many draws from one file, each scored on all rows
 * that were not drawn. Differences of a tenth of a point between two versions of the code show
 * here, where one test file and three seeds tell nothing.
 *
 * <p>Arguments: a file of labeled texts, numbers of labels separated by commas, how many draws,
 * threads, and the token limit. A draw takes as many rows of either label.
 */
public final class HeadRefreshDraws {
  private static final List<String> LABELS = List.of("negative", "positive");

  private HeadRefreshDraws() {}

  public static void main(String[] args) throws IOException {
    List<LabeledText> pool = LabeledRows.read(Path.of(args[0]));
    int draws = Integer.parseInt(args[2]);
    TrainingOptions options = TrainingOptions.parse(Map.of("WEIR_TRAIN_MAX_TOKENS", args[4]));
    try (BaseModel base = BaseModel.load(BaseModel.DEFAULT);
        ServingEncoder serving = new ServingEncoder(base, Integer.parseInt(args[3]))) {
      for (String count : args[1].split(",", -1)) {
        List<Scores> scores = new ArrayList<>();
        for (int draw = 1; draw <= draws; draw++) {
          scores.add(scored(pool, Integer.parseInt(count), draw, serving, options));
        }
        System.out.printf(
            Locale.ROOT,
            "%s labels: accuracy %.4f, log loss %.4f, means of %d draws; lowest accuracy %.4f%n",
            count,
            scores.stream().mapToDouble(Scores::accuracy).average().orElse(Double.NaN),
            scores.stream().mapToDouble(Scores::logLoss).average().orElse(Double.NaN),
            draws,
            scores.stream().mapToDouble(Scores::accuracy).min().orElse(Double.NaN));
      }
    }
  }

  private static Scores scored(
      List<LabeledText> pool,
      int labels,
      long seed,
      ServingEncoder serving,
      TrainingOptions options) {
    List<LabeledText> shuffled = new ArrayList<>(pool);
    Collections.shuffle(shuffled, new Random(seed));
    List<LabeledText> drawn = new ArrayList<>();
    List<LabeledText> others = new ArrayList<>();
    int[] taken = new int[LABELS.size()];
    for (LabeledText text : shuffled) {
      int label = LABELS.indexOf(text.label());
      boolean wanted = taken[label] < labels / LABELS.size();
      taken[label] += wanted ? 1 : 0;
      (wanted ? drawn : others).add(text);
    }
    EncodedExamples examples =
        EncodedExamples.of(drawn, LABELS, serving.base().tokenizer(), options.limit());
    var head = new AdapterTrainer(serving, options, LABELS, examples, null).headRefresh();
    return new HoldoutEvaluator(serving, others, options.limit()).score(head.weights());
  }
}
