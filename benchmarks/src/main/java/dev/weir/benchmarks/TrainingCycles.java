package dev.weir.benchmarks;

import dev.weir.contract.text.TokenLimit;
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
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Trains again and again in one process, each time from the adapter before, and says whether its
 * memory grows: least squares of the resident set over the cycles, without the first quarter.
 *
 * <p>Arguments: JSON lines with {@code text} and {@code label}, cycles. Start it with a heap of
 * fixed size that is touched beforehand, so that only native memory is left to move. Exit code 1 if
 * the slope is above zero by more than two standard errors and makes more than 2 % of the resident
 * set over the cycles measured.
 */
public final class TrainingCycles {
  private static final int ROWS = 64;
  private static final List<String> LABELS = List.of("negative", "positive");
  private static final double TOLERATED = 0.02;

  private TrainingCycles() {}

  public static void main(String[] args) throws IOException {
    List<LabeledText> rows = rows(Path.of(args[0]));
    int cycles = Integer.parseInt(args[1]);
    double[] resident = new double[cycles];
    TrainingOptions options =
        TrainingOptions.parse(Map.of("WEIR_TRAIN_EPOCHS", "1", "WEIR_TRAIN_VALIDATION_SHARE", "0"));
    TorchRuntime.threads(Runtime.getRuntime().availableProcessors());
    try (BaseModel base = BaseModel.load(BaseModel.DEFAULT);
        ServingEncoder serving =
            new ServingEncoder(base, 1, Precision.FP32, options.lora(base.config().layers()));
        BertEncoder encoder = new BertEncoder(base, TrainingDevice.cpu(), options.arithmetic())) {
      AdapterWeights champion = AdapterWeights.untrained(base.config(), LABELS);
      for (int cycle = 0; cycle < cycles; cycle++) {
        int from = cycle * ROWS % (rows.size() - 2 * ROWS);
        TokenLimit limit = options.limit();
        EncodedExamples examples =
            EncodedExamples.of(rows.subList(from, from + ROWS), LABELS, base.tokenizer(), limit);
        AdapterTrainer trainer = new AdapterTrainer(serving, options, LABELS, examples, champion);
        trainer.headRefresh();
        champion = trainer.lora(encoder, progress -> {}, () -> false).weights();
        List<LabeledText> holdout = rows.subList(from + ROWS, from + 2 * ROWS);
        double accuracy = new HoldoutEvaluator(serving, holdout, limit).score(champion).accuracy();
        resident[cycle] = Machine.residentMebibytes();
        if (cycle % 20 == 19) {
          System.out.printf(
              Locale.ROOT,
              "cycle %d: %.0f MiB, accuracy %.3f on the next %d rows%n",
              cycle + 1,
              resident[cycle],
              accuracy,
              ROWS);
        }
      }
    }
    judge(resident);
  }

  private static void judge(double[] resident) {
    Trend trend = Trend.of(resident, resident.length / 4);
    System.out.printf(
        Locale.ROOT,
        "%d cycles: resident set %.0f MiB, slope %.3f ± %.3f MiB per cycle%n",
        resident.length,
        trend.mean(),
        trend.slope(),
        trend.error());
    if (trend.grows(TOLERATED)) {
      System.out.println("memory grows");
      System.exit(1);
    }
  }

  private static List<LabeledText> rows(Path file) throws IOException {
    List<LabeledText> rows = LabeledRows.read(file);
    if (rows.size() < 3 * ROWS) {
      throw new IllegalArgumentException(file + " has fewer than " + 3 * ROWS + " rows");
    }
    return rows;
  }
}
