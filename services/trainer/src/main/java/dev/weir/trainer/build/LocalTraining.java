package dev.weir.trainer.build;

import dev.weir.contract.event.Limits;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.release.Method;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.store.artifact.StoreException;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.data.TrainingSet;
import dev.weir.trainer.encoder.BertEncoder;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.HoldoutEvaluator.Calibrated;
import dev.weir.trainer.evaluate.PromotionGate;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.evaluate.Verdict;
import dev.weir.trainer.export.ArtifactWriter;
import dev.weir.trainer.export.ParityCheck;
import dev.weir.trainer.fit.AdapterTrainer;
import dev.weir.trainer.fit.EncodedExamples;
import dev.weir.trainer.fit.FitProgress;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.serving.ServingEncoder;
import dev.weir.trainer.torch.TorchRuntime;
import dev.weir.trainer.torch.TrainingDevice;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/**
 * The trainer's own code without Kafka: labeled texts in, an adapter's files out.
 *
 * <p>One training at a time per instance; the base model is the caller's. Another thread may call
 * it off.
 */
public final class LocalTraining {

  private static final int PARITY_ROWS = 8;
  private static final String STAGED = ".weir-adapter-";
  private static final String ASIDE = "-old";

  /** Staged files are written and scored, which takes minutes. */
  private static final Duration ABANDONED = Duration.ofHours(6);

  private final BaseModel base;
  private final TrainingOptions options;
  private final int threads;
  private final TrainingDevice device;
  private volatile boolean calledOff;

  /**
   * Trainings on {@code base}, with so many threads for one operation, on the device that the
   * options ask for.
   *
   * @throws dev.weir.model.device.DeviceException if that is a GPU and cannot be used
   */
  public LocalTraining(BaseModel base, TrainingOptions options, int threads) {
    this.base = base;
    this.device = TrainingDevice.choose(options.device());
    this.options = options.within(base.config()).on(device);
    this.threads = threads;
  }

  /** Where it trains. */
  public TrainingDevice device() {
    return device;
  }

  /**
   * Ends the training soon: what it had written is removed, and {@link #train} throws a {@link
   * CancellationException}. Safe from any thread.
   */
  public void callOff() {
    calledOff = true;
  }

  private void goOn() {
    if (calledOff) {
      throw new CancellationException("the training was called off");
    }
  }

  /** How many numbers will be trained. */
  public ParameterCount parameters(List<String> labels) {
    return ParameterCount.of(base, options, labels.size());
  }

  /**
   * Trains LoRA and head on {@code data}, scores what was written on {@code evaluation} and fits
   * the temperature to it, as the gate does with the holdout.
   *
   * @param labels in the order of the head's rows; every row's label is one of them
   * @param output where the files go: a new or empty directory, or one with an adapter, which is
   *     replaced once the new one is whole
   * @throws TrainingException {@code too-few-examples}, {@code one-class-only}, {@code
   *     labels-alike}, {@code too-many-nonfinite-steps}, {@code parity-failed}, {@code
   *     output-not-empty}
   * @throws CancellationException if it was called off
   * @throws StoreException {@code store-io} if the directory cannot be written to
   */
  public LocalResult train(
      List<LabeledText> data,
      List<LabeledText> evaluation,
      List<String> labels,
      Path output,
      FitProgress.Listener listener) {
    checkOutput(output);
    DataSummary.of(data, List.of()).requireDistinctLabels();
    PromotionGate gate = new PromotionGate(0, 1);
    gate.before(data.stream().map(LabeledText::label).toList(), 0).ifPresent(LocalTraining::refuse);
    TorchRuntime.threads(threads);
    try (ServingEncoder serving =
            new ServingEncoder(
                base, threads, Precision.FP32, options.lora(base.config().layers()));
        BertEncoder encoder = new BertEncoder(base, device, options.arithmetic())) {
      serving.checkpoint(this::goOn);
      long began = System.nanoTime();
      EncodedExamples examples =
          EncodedExamples.of(data, labels, base.tokenizer(), options.limit());
      AdapterTrainer trainer = new AdapterTrainer(serving, options, labels, examples, null);
      AdapterWeights probe = trainer.headRefresh().weights();
      AdapterTrainer.Trained trained = trainer.lora(encoder, listener, () -> calledOff);
      double seconds = (System.nanoTime() - began) / 1e9;
      gate.after(trained.steps(), trained.nonFiniteSteps()).ifPresent(LocalTraining::refuse);
      HoldoutEvaluator rows = new HoldoutEvaluator(serving, evaluation, options.limit());
      Path staged = stage(output);
      try {
        ArtifactWriter writer = new ArtifactWriter(base);
        writer.writeAdapter(staged, trained.weights(), options.limit());
        goOn();
        writer.writeMerged(staged, trained.weights());
        checkParity(encoder, trained.weights(), staged, examples);
        Calibrated calibrated = rows.calibrate(PeftFiles.read(staged, base.config()));
        Scores scores = calibrated.scores();
        String digest = writer.seal(staged, manifest(labels, calibrated, data, evaluation), null);
        goOn();
        replace(staged, output);
        return new LocalResult(
            output,
            digest,
            scores.accuracy(),
            scores.macroF1(),
            scores.logLoss(),
            calibrated.figures(),
            rows.score(probe).accuracy(),
            trained.bestEpoch(),
            trained.examplesPerSecond(),
            seconds,
            parameters(labels),
            trained.steps(),
            trained.nonFiniteSteps());
      } finally {
        remove(staged);
      }
    }
  }

  private Manifest manifest(
      List<String> labels,
      Calibrated calibrated,
      List<LabeledText> data,
      List<LabeledText> evaluation) {
    return Manifests.of(
        base,
        new AdapterId(Limits.DEFAULT_ADAPTER, 1),
        Method.LORA,
        labels,
        options,
        calibrated.figures().temperature(),
        evaluation.isEmpty()
            ? new TreeMap<>()
            : Manifests.metrics(calibrated.scores(), calibrated.figures()),
        List.of(),
        new Manifests.Origin(
            null,
            null,
            data.size(),
            0,
            evaluation.size(),
            TrainingSet.labelCounts(data),
            List.of(),
            null));
  }

  private static void checkParity(
      BertEncoder encoder, AdapterWeights weights, Path staged, EncodedExamples examples) {
    List<int[]> sample = examples.tokens().subList(0, Math.min(PARITY_ROWS, examples.size()));
    double difference =
        ParityCheck.difference(encoder, weights, staged.resolve(ArtifactWriter.MERGED), sample);
    if (!(difference <= ParityCheck.TOLERANCE)) {
      throw new TrainingException(
          "parity-failed",
          "the merged model's logits differ by %s from the trained ones, at most %s is rounding; report this as a defect"
              .formatted(difference, ParityCheck.TOLERANCE));
    }
  }

  private static void refuse(Verdict.Retained refusal) {
    throw new TrainingException(refusal.decision().reason(), refusal.decision().message());
  }

  private static void checkOutput(Path output) {
    if (!Files.exists(output)) {
      return;
    }
    try (Stream<Path> entries = Files.list(output)) {
      if (entries.findAny().isPresent() && !Files.exists(output.resolve(Manifest.FILE))) {
        throw new TrainingException(
            "output-not-empty",
            output + " has files that are no adapter; name a new or empty directory");
      }
    } catch (IOException e) {
      throw unwritable(output, e);
    }
  }

  private static Path stage(Path output) {
    Path parent = output.toAbsolutePath().normalize().getParent();
    Path in = parent == null ? output.toAbsolutePath() : parent;
    try {
      removeAbandoned(Files.createDirectories(in));
      // Not a temporary directory: it becomes the output, which others may read as they may its
      // neighbours.
      return Files.createDirectory(in.resolve(STAGED + UUID.randomUUID()));
    } catch (IOException e) {
      throw unwritable(output, e);
    }
  }

  /**
   * What a process that was killed left here is nobody's, once nobody has written to it for long.
   */
  private static void removeAbandoned(Path in) throws IOException {
    Instant limit = Instant.now().minus(ABANDONED);
    try (DirectoryStream<Path> left = Files.newDirectoryStream(in, STAGED + "*")) {
      for (Path directory : left) {
        // An old adapter that stepped aside is the only copy if the new one did not follow.
        if (!directory.getFileName().toString().endsWith(ASIDE)
            && Files.getLastModifiedTime(directory).toInstant().isBefore(limit)) {
          remove(directory);
        }
      }
    }
  }

  /** The old adapter steps aside whole and goes only once the new one is in its place. */
  private static void replace(Path staged, Path output) {
    Path aside = staged.resolveSibling(staged.getFileName() + ASIDE);
    boolean replaces = Files.exists(output);
    try {
      if (replaces) {
        Files.move(output, aside, StandardCopyOption.ATOMIC_MOVE);
      }
      try {
        Files.move(staged, output, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        if (replaces) {
          Files.move(aside, output, StandardCopyOption.ATOMIC_MOVE);
        }
        throw e;
      }
    } catch (IOException e) {
      throw unwritable(output, e);
    }
    remove(aside);
  }

  private static void remove(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path file : entries.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  private static StoreException unwritable(Path directory, IOException e) {
    return new StoreException(
        "store-io",
        directory + " cannot be written to: " + e + "; check space and rights, or name another",
        e);
  }
}
