package dev.weir.standalone.cli;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.release.Decision;
import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.trainer.build.DataSummary;
import dev.weir.trainer.build.LocalResult;
import dev.weir.trainer.build.LocalTraining;
import dev.weir.trainer.data.LabeledText;
import dev.weir.trainer.fit.FitProgress;
import dev.weir.trainer.fit.TrainingOptions;
import dev.weir.trainer.torch.TrainingDevice;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
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
import picocli.CommandLine.Spec;

/** The trainer's own code without Kafka: a file of labeled texts in, an adapter's files out. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    modelTransformer = TrainCommand.SettingOptions.class,
    description = {
      "Fine-tune a LoRA adapter on a file of labeled texts, without Kafka.",
      "An option with a setting's name in brackets stands for that setting; see weir settings."
    })
final class TrainCommand implements Callable<Integer> {

  private static final String PREFIX = "WEIR_TRAIN_";
  private static final long PROGRESS_NANOS = 2_000_000_000L;

  private final Map<String, String> environment;

  @Option(names = "--data", required = true, paramLabel = "F", description = "texts to learn from")
  private @Nullable Path data;

  @Option(names = "--eval", required = true, paramLabel = "F", description = "texts to score on")
  private @Nullable Path evaluation;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "the adapter's files")
  private @Nullable Path out;

  @Option(
      names = "--base",
      paramLabel = "NAME|DIR",
      description = "base model (default: ${DEFAULT-VALUE})")
  private String base = BaseModel.DEFAULT;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads of one operation (default: the processors)")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Mixin private LabeledRows labeledRows = new LabeledRows();

  @Option(names = "--json", description = "print the figures as JSON on the last line")
  private boolean json;

  @Spec private @Nullable CommandSpec spec;

  private long lastProgress;

  TrainCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    CommandLine command = Objects.requireNonNull(spec).commandLine();
    PrintWriter text = command.getOut();
    TrainingOptions options = TrainingOptions.parse(variables());
    Path train = Objects.requireNonNull(data);
    LabelScheme labels = labeledRows.scheme(train);
    List<LabeledText> rows = labeledRows.read(train, labels, command);
    List<LabeledText> scored =
        labeledRows.read(Objects.requireNonNull(evaluation), labels, command);
    try (BaseModel model = BaseModel.load(base)) {
      LocalTraining training = new LocalTraining(model, options, threads);
      text.println(training.parameters(labels.names()));
      text.printf(
          "device %s; PyTorch %s%n", training.device().detail(), training.device().engineVersion());
      text.printf(
          "training on %d rows of %s, scoring on %d rows of %s%n",
          rows.size(), train, scored.size(), evaluation);
      DataSummary summary = DataSummary.of(rows, scored);
      summary.lines().forEach(text::println);
      text.flush();
      ComputingSignals.onStop(training::callOff);
      LocalResult result =
          training.train(
              rows,
              scored,
              labels.names(),
              Objects.requireNonNull(out),
              progress -> show(progress, text));
      report(result, summary, training.device(), text);
    } catch (CancellationException e) {
      command.getErr().println("weir: the training was called off; nothing was written");
      command.getErr().flush();
      return ComputingSignals.INTERRUPTED;
    }
    return 0;
  }

  /** The options that were given, as the settings they stand for, over the environment's own. */
  private Map<String, String> variables() {
    Map<String, String> variables = new HashMap<>();
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(PREFIX)
              && TrainingOptions.settings().stream().anyMatch(s -> s.name().equals(name))) {
            variables.put(name, value);
          }
        });
    CommandLine.ParseResult parsed = Objects.requireNonNull(spec).commandLine().getParseResult();
    for (Setting<?> setting : TrainingOptions.settings()) {
      String given = parsed.matchedOptionValue(SettingOptions.name(setting), (String) null);
      if (given != null) {
        variables.put(setting.name(), given);
      }
    }
    return variables;
  }

  private void show(FitProgress progress, PrintWriter text) {
    long now = System.nanoTime();
    if (now - lastProgress < PROGRESS_NANOS && progress.step() < progress.steps()) {
      return;
    }
    lastProgress = now;
    text.printf(
        Locale.ROOT,
        "step %d/%d  loss %.4f  %.1f examples/s  %.0f s left%n",
        progress.step(),
        progress.steps(),
        progress.loss(),
        progress.examplesPerSecond(),
        progress.secondsLeft());
    text.flush();
  }

  private void report(
      LocalResult result, DataSummary summary, TrainingDevice device, PrintWriter text) {
    text.printf(
        Locale.ROOT,
        "accuracy %.4f  macro-F1 %.4f  log loss %.4f  (frozen linear probe: accuracy %.4f)%n",
        result.accuracy(),
        result.macroF1(),
        result.logLoss(),
        result.probeAccuracy());
    Decision.Calibration calibration = result.calibration();
    text.printf(
        Locale.ROOT,
        "temperature %.4f  log loss %.4f before, %.4f after; calibration error %.4f before, %.4f"
            + " after (%d rows, cross-fitted)%n",
        calibration.temperature(),
        calibration.logLossBefore(),
        calibration.logLossAfter(),
        calibration.errorBefore(),
        calibration.errorAfter(),
        calibration.rows());
    text.printf(
        Locale.ROOT,
        "epoch %d was kept; %.1f examples/s, %.0f s; %d steps skipped for non-finite values%n",
        result.bestEpoch(),
        result.examplesPerSecond(),
        result.seconds(),
        result.nonFiniteSteps());
    text.printf("adapter %s written to %s%n", result.digest(), result.directory());
    if (json) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("labels", summary.labels());
      figures.put("duplicateRows", summary.duplicates());
      figures.put("contradictingRows", summary.contradictions());
      figures.put("sharedEvaluationRows", summary.shared());
      figures.put("accuracy", result.accuracy());
      figures.put("macroF1", result.macroF1());
      figures.put("logLoss", result.logLoss());
      figures.put("calibration", calibration);
      figures.put("probeAccuracy", result.probeAccuracy());
      figures.put("bestEpoch", result.bestEpoch());
      figures.put("examplesPerSecond", result.examplesPerSecond());
      figures.put("seconds", result.seconds());
      figures.put("peakRssMiB", PeakMemory.mebibytes());
      figures.put("trainableParameters", result.parameters().trainable());
      figures.put("totalParameters", result.parameters().total());
      figures.put("steps", result.steps());
      figures.put("nonFiniteSteps", result.nonFiniteSteps());
      figures.put("device", device.word());
      figures.put("engineVersion", device.engineVersion());
      figures.put("digest", result.digest());
      text.println(new String(EventJson.write(figures), StandardCharsets.UTF_8));
    }
    text.flush();
  }

  /** Gives the command an option for each training setting, checked where settings are. */
  static final class SettingOptions implements CommandLine.IModelTransformer {

    @Override
    public CommandSpec transform(CommandSpec command) {
      for (Setting<?> setting : TrainingOptions.settings()) {
        command.addOption(
            CommandLine.Model.OptionSpec.builder(name(setting))
                .paramLabel("VALUE")
                .type(String.class)
                .description(setting.description().replace("%", "%%") + " [" + setting.name() + "]")
                .build());
      }
      return command;
    }

    static String name(Setting<?> setting) {
      String suffix = setting.name().substring(PREFIX.length());
      return "--" + suffix.toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
