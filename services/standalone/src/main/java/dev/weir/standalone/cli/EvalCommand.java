package dev.weir.standalone.cli;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.release.Manifest;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.ModelException;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.evaluate.HoldoutEvaluator;
import dev.weir.trainer.evaluate.Scores;
import dev.weir.trainer.serving.ServingEncoder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Scores a saved adapter through ONNX Runtime, as inference would answer. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Score a saved adapter on a file of labeled texts, through the serving code.")
final class EvalCommand implements Callable<Integer> {

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "DIR",
      description = "an adapter's directory, as weir train and the store write it")
  private @Nullable Path adapter;

  @Option(names = "--data", required = true, paramLabel = "F", description = "texts to score on")
  private @Nullable Path data;

  @Option(names = "--precision", description = "fp32, int8 or int8-weight-only (default: fp32)")
  private Precision precision = Precision.FP32;

  @Option(
      names = "--base",
      paramLabel = "NAME|DIR",
      description = "where the base model is (default: as the adapter says)")
  private @Nullable String base;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads of one operation (default: the processors)")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Mixin private LabeledRows labeledRows = new LabeledRows();

  @Option(names = "--json", description = "print the figures as JSON on the last line")
  private boolean json;

  @Spec private @Nullable CommandSpec spec;

  private volatile boolean calledOff;

  @Override
  public Integer call() {
    CommandLine command = Objects.requireNonNull(spec).commandLine();
    Path directory = Objects.requireNonNull(adapter);
    Manifest manifest = manifest(directory, command);
    try (BaseModel model = BaseModel.load(base == null ? manifest.baseModel() : base)) {
      if (!model.digest().equals(manifest.baseDigest())) {
        throw new ModelException(
            "base-mismatch",
            "the adapter in %s expects base model sha256 %s, %s has %s; name the right one with --base"
                .formatted(directory, manifest.baseDigest(), model.name(), model.digest()));
      }
      AdapterWeights weights = PeftFiles.read(directory, model.config());
      List<LabeledText> rows =
          labeledRows.read(
              Objects.requireNonNull(data), LabeledRows.scheme(weights.labels()), command);
      try (ServingEncoder encoder = new ServingEncoder(model, threads, precision)) {
        ComputingSignals.onStop(() -> calledOff = true);
        encoder.checkpoint(this::goOn);
        long started = System.nanoTime();
        Scores scores =
            new HoldoutEvaluator(encoder, rows, manifest.limit())
                .score(weights, manifest.temperature());
        report(
            scores,
            manifest.temperature(),
            rows.size(),
            (System.nanoTime() - started) / 1e9,
            command.getOut());
      }
    } catch (CancellationException e) {
      command.getErr().println("weir: the scoring was called off");
      command.getErr().flush();
      return ComputingSignals.INTERRUPTED;
    }
    return 0;
  }

  private void goOn() {
    if (calledOff) {
      throw new CancellationException("called off");
    }
  }

  private static Manifest manifest(Path directory, CommandLine command) {
    Path file = directory.resolve(Manifest.FILE);
    if (!Files.isRegularFile(file)) {
      throw new ParameterException(
          command, directory + " holds no " + Manifest.FILE + "; name an adapter's directory");
    }
    try {
      return EventJson.read(Files.readAllBytes(file), Manifest.class);
    } catch (IOException e) {
      throw new ParameterException(command, "cannot read " + file + ": " + e, e);
    } catch (UncheckedIOException e) {
      throw new ParameterException(command, file + " is " + e.getMessage(), e);
    }
  }

  private void report(
      Scores scores, double temperature, int rows, double seconds, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "accuracy %.4f  macro-F1 %.4f  log loss %.4f  calibration error %.4f  on %d rows"
            + " (temperature %.4f, %s, %.0f rows/s)%n",
        scores.accuracy(),
        scores.macroF1(),
        scores.logLoss(),
        scores.calibrationError(),
        rows,
        temperature,
        precision.id(),
        rows / seconds);
    if (json) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("accuracy", scores.accuracy());
      figures.put("macroF1", scores.macroF1());
      figures.put("logLoss", scores.logLoss());
      figures.put("calibrationError", scores.calibrationError());
      figures.put("temperature", temperature);
      figures.put("rows", rows);
      figures.put("precision", precision.id());
      figures.put("seconds", seconds);
      figures.put("rowsPerSecond", rows / seconds);
      figures.put("peakRssMiB", PeakMemory.mebibytes());
      out.println(new String(EventJson.write(figures), StandardCharsets.UTF_8));
    }
    out.flush();
  }
}
