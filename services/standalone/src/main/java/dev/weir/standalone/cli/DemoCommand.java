package dev.weir.standalone.cli;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.LabelScheme;
import dev.weir.contract.event.Limits;
import dev.weir.service.config.Setting;
import dev.weir.service.ops.Signals;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.demo.DemoOptions;
import dev.weir.standalone.demo.DemoRun;
import dev.weir.standalone.loop.LocalLoop;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the loop with people in it and tells what happens. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Run the whole loop in one process: stream reviews, label some, watch adapters go live.",
      "Without --once it goes on until Ctrl-C."
    })
final class DemoCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(DemoCommand.class);

  private final Map<String, String> environment;

  @Option(
      names = "--once",
      description = "end after the feedback is learned and two or more adapters have served")
  private boolean once;

  @Option(
      names = "--json",
      description = "with --once: one JSON object with the figures on the last line of stdout")
  private boolean json;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "labeled reviews of your own (JSON lines, CSV, TSV) instead of the sample")
  private @Nullable Path data;

  @Option(
      names = "--rate",
      paramLabel = "N",
      description = "reviews per second (default: ${DEFAULT-VALUE})")
  private double rate = 12;

  @Option(
      names = "--feedback",
      paramLabel = "N",
      description = "rows that become feedback, at most (default: ${DEFAULT-VALUE})")
  private int feedback = 900;

  @Option(
      names = "--reviews",
      paramLabel = "N",
      description = "rows that are only ever classified, at most (default: ${DEFAULT-VALUE})")
  private int reviews = 600;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "with --once: fail after this long (default: ${DEFAULT-VALUE})")
  private int timeout = 900;

  @Mixin private RowOptions rowOptions = new RowOptions();

  @Mixin private LoopOptions loopOptions = new LoopOptions();

  @Spec private @Nullable CommandSpec spec;

  DemoCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec command = Objects.requireNonNull(spec);
    check(command);
    PrintWriter out = command.commandLine().getOut();
    DemoOptions options =
        new DemoOptions(
            once, data, rowOptions.read(), rate, feedback, reviews, Duration.ofSeconds(timeout));
    DemoRun demo = new DemoRun(options, labels(), out);
    Path given = loopOptions.dataDir();
    Path dataDir = given == null ? Files.createTempDirectory("weir-demo") : given;
    LocalLoop loop =
        new LocalLoop(
            dataDir, loopOptions.brokerPort(0), demo.settings(loopOptions.over(environment)));
    Thread running = Thread.currentThread();
    AtomicBoolean stopping = new AtomicBoolean();
    Signals.onStop(
        () -> {
          stopping.set(true);
          running.interrupt();
        },
        () -> {
          if (given == null) {
            removeInHaste(loop);
          }
        });
    try (loop) {
      loop.start();
      Object report = demo.run(loop);
      loop.close();
      if (json) {
        out.println(new String(EventJson.write(report), StandardCharsets.UTF_8));
        out.flush();
      }
      return 0;
    } catch (InterruptedException e) {
      return stopped(given, stopping.get(), out);
    } catch (IOException | RuntimeException e) {
      if (stopping.get()) {
        // What was under way when the interrupt came fails in many ways.
        return stopped(given, true, out);
      }
      throw e;
    } finally {
      // The interrupt has done its work; set, it would end the deletion in its middle.
      boolean interrupted = Thread.interrupted();
      if (given == null) {
        loop.deleteData();
      }
      if (interrupted) {
        running.interrupt();
      }
    }
  }

  /** The labels that the loop declares for the adapter that the demo trains. */
  private LabelScheme labels() {
    Setting<AdapterCatalog> setting = CommonSettings.ADAPTERS;
    String written = environment.get(setting.name());
    if (written == null) {
      return LabelScheme.SENTIMENT;
    }
    try {
      return setting
          .parser()
          .apply(written)
          .scheme(Limits.DEFAULT_ADAPTER)
          .orElse(LabelScheme.SENTIMENT);
    } catch (IllegalArgumentException e) {
      // The loop reads all settings and names every problem.
      return LabelScheme.SENTIMENT;
    }
  }

  /** Ctrl-C is how a demo without an end is meant to end. */
  private static int stopped(@Nullable Path kept, boolean asked, PrintWriter out) {
    out.printf(
        "%nstopped; what was accepted is answered%n%s%n",
        kept == null
            ? "its temporary directory is removed; --data-dir keeps one"
            : "the data is in " + kept);
    out.flush();
    return asked ? 0 : 1;
  }

  /** Before a second signal ends the process: the broker still writes, so not all may go. */
  private static void removeInHaste(LocalLoop loop) {
    try {
      loop.deleteData();
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("{} is not removed whole", loop.dataDir(), e);
    }
  }

  private void check(CommandSpec command) {
    if (rate <= 0 || feedback < 1 || reviews < 1 || timeout < 1) {
      throw new ParameterException(
          command.commandLine(), "--rate, --feedback, --reviews and --timeout must be above 0");
    }
    if (json && !once) {
      throw new ParameterException(
          command.commandLine(), "--json goes with --once: a run without an end has no figures");
    }
  }
}
