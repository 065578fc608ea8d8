package dev.weir.trainer.fit;

import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.lora.TrainableAdapter;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains the two challengers of one data set: a new head on frozen features, and LoRA with a head
 * that starts there.
 *
 * <p>One thread per instance; does not own the encoders.
 */
public final class AdapterTrainer {

  private final ServingEncoder serving;
  private final TrainingOptions options;
  private final List<String> labels;
  private final EncodedExamples examples;
  private final int fineTuned;
  private final AdapterWeights champion;
  private final boolean hasChampion;
  private float @Nullable [][] features;
  private LinearProbe.@Nullable Head probe;

  /** A trainer whose LoRA learns from all examples. */
  public AdapterTrainer(
      ServingEncoder serving,
      TrainingOptions options,
      List<String> labels,
      EncodedExamples examples,
      @Nullable AdapterWeights champion) {
    this(serving, options, labels, examples, examples.size(), champion);
  }

  /**
   * @param labels class names, in the order of the head's rows
   * @param fineTuned how many of the examples, the first ones, LoRA learns from; heads learn from
   *     all, which costs them next to nothing
   * @param champion where to start from, or {@code null} for the bare base
   */
  public AdapterTrainer(
      ServingEncoder serving,
      TrainingOptions options,
      List<String> labels,
      EncodedExamples examples,
      int fineTuned,
      @Nullable AdapterWeights champion) {
    this.fineTuned = fineTuned;
    this.serving = serving;
    this.options = options;
    this.labels = List.copyOf(labels);
    this.examples = examples;
    this.hasChampion = champion != null;
    this.champion =
        champion != null ? champion : AdapterWeights.untrained(serving.base().config(), labels);
  }

  /**
   * What a training yields.
   *
   * @param weights the adapter
   * @param bestEpoch the epoch it stems from; 0 when fine-tuning did not get beyond its start
   * @param steps optimizer steps
   * @param nonFiniteSteps of these, skipped ones
   * @param examplesPerSecond speed of the optimizer steps; 0 without any
   * @param trainableParameters how many numbers were trained
   */
  public record Trained(
      AdapterWeights weights,
      int bestEpoch,
      int steps,
      int nonFiniteSteps,
      double examplesPerSecond,
      long trainableParameters) {}

  /** A new head on the champion's text vectors, or on the base's: seconds. */
  public Trained headRefresh() {
    AdapterWeights weights = withHead(champion, probe(), features());
    long count = (long) weights.headWeight().length + weights.headBias().length;
    return new Trained(weights, 0, 0, 0, 0, count);
  }

  /**
   * LoRA and head, from the champion's LoRA where it has the same shape: minutes.
   *
   * @throws java.util.concurrent.CancellationException if it was called off
   */
  public Trained lora(
      BertEncoder encoder, FitProgress.Listener listener, BooleanSupplier cancelled) {
    LoraConfig lora = options.lora(encoder.config().layers());
    AdapterWeights warm = hasChampion ? WarmStart.of(champion, lora, encoder.config()) : null;
    int[][] parts = parts();
    float[][] vectors = warm != null || champion.lora().rank() == 0 ? features() : baseFeatures();
    LinearProbe.Head head = head(vectors, allBut(parts[1]));
    TrainableAdapter start =
        warm != null
            ? TrainableAdapter.from(encoder.config(), withHead(warm, head, vectors))
            : TrainableAdapter.fresh(
                serving.base(), lora, withHead(bare(), head, vectors), options.seed());
    FineTuner.Outcome outcome = fit(encoder, start, parts, listener, cancelled);
    AdapterWeights weights = outcome.weights();
    if (outcome.bestEpoch() == 0 && parts[1].length > 0) {
      // Nothing was gained: then the head may as well learn from the validation part, too.
      LinearProbe.Head all = head(vectors, IntStream.range(0, examples.size()).toArray());
      weights = withHead(weights, all, vectors);
    }
    return new Trained(
        weights,
        outcome.bestEpoch(),
        outcome.steps(),
        outcome.nonFiniteSteps(),
        outcome.examplesPerSecond(),
        outcome.trainableParameters());
  }

  private FineTuner.Outcome fit(
      BertEncoder encoder,
      TrainableAdapter start,
      int[][] parts,
      FitProgress.Listener listener,
      BooleanSupplier cancelled) {
    try {
      return new FineTuner(encoder, options, listener, cancelled, serving.checkpoint())
          .fit(start, examples.rows(parts[0]), examples.rows(parts[1]));
    } finally {
      TorchRuntime.giveBackMemory();
    }
  }

  private LinearProbe.Head probe() {
    if (probe == null) {
      probe =
          LinearProbe.fit(
              features(), examples.labels(), labels.size(), options.seed(), serving.checkpoint());
    }
    return probe;
  }

  private LinearProbe.Head head(float[][] vectors, int[] rows) {
    float[][] some = new float[rows.length][];
    int[] classes = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      some[i] = vectors[rows[i]];
      classes[i] = examples.labels()[rows[i]];
    }
    return vectors == features && probe != null
        ? LinearProbe.fit(some, classes, labels.size(), probe.strength(), serving.checkpoint())
        : LinearProbe.fit(some, classes, labels.size(), options.seed(), serving.checkpoint());
  }

  private float[][] features() {
    if (features == null) {
      features = serving.vectors(champion, examples.tokens());
    }
    return features;
  }

  private float[][] baseFeatures() {
    return serving.vectors(bare(), examples.tokens());
  }

  private AdapterWeights bare() {
    return AdapterWeights.untrained(serving.base().config(), labels);
  }

  /** A body with a head that answers as the probe does on {@code vectors}. */
  private AdapterWeights withHead(AdapterWeights body, LinearProbe.Head probe, float[][] vectors) {
    HeadStart head = HeadStart.of(serving.base().config().head(), probe, vectors);
    return new AdapterWeights(
        body.lora(), body.pairs(), labels, head.dense(), head.weight(), head.bias());
  }

  /** Rows to learn from and rows to choose the epoch by, which keep the labels' proportions. */
  private int[][] parts() {
    int rows = fineTuned;
    if (options.validationShare() == 0 || rows < TrainingOptions.MIN_FOR_VALIDATION) {
      return new int[][] {IntStream.range(0, rows).toArray(), new int[0]};
    }
    Random random = new Random(options.seed());
    List<Integer> train = new ArrayList<>();
    List<Integer> validation = new ArrayList<>();
    for (int c = 0; c < labels.size(); c++) {
      int label = c;
      List<Integer> own =
          new ArrayList<>(
              IntStream.range(0, rows)
                  .filter(row -> examples.labels()[row] == label)
                  .boxed()
                  .toList());
      Collections.shuffle(own, random);
      int held = (int) Math.round(own.size() * options.validationShare());
      validation.addAll(own.subList(0, held));
      train.addAll(own.subList(held, own.size()));
    }
    return new int[][] {sorted(train), sorted(validation)};
  }

  private int[] allBut(int[] left) {
    return IntStream.range(0, examples.size())
        .filter(row -> Arrays.binarySearch(left, row) < 0)
        .toArray();
  }

  private static int[] sorted(List<Integer> rows) {
    return rows.stream().mapToInt(Integer::intValue).sorted().toArray();
  }
}
