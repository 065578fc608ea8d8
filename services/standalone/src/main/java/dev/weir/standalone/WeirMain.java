package dev.weir.standalone;

import dev.weir.model.base.BaseModel;
import dev.weir.model.spec.Precision;
import dev.weir.service.config.SettingsException;
import dev.weir.service.ops.Signals;
import dev.weir.service.process.CommonSettings;
import dev.weir.standalone.cli.ServicesCommand;
import dev.weir.standalone.cli.WeirCommand;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * The command line's entry: exit code 0, 1 for a failed run, 2 for bad usage or settings, 130 for
 * an interrupted {@code train} or {@code eval}.
 */
public final class WeirMain {

  private static final Set<String> SERVICES = Set.of("curation", "trainer", "inference");

  /** Commands that compute in native code on the main thread and have nothing to drain. */
  private static final Set<String> COMPUTING = Set.of("train", "eval");

  /** Commands that load the base model of the settings. */
  private static final Set<String> LOADING =
      Set.of("inference", "trainer", "up", "demo", "train", "eval");

  private static final int INTERRUPTED = 130;
  private static final String LOG_LEVEL = "WEIR_LOG_LEVEL";

  private WeirMain() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    quietLogs(arguments, System.getenv());
    if (arguments.length > 0 && COMPUTING.contains(arguments[0])) {
      // Without shutdown hooks: ONNX Runtime's would free what a running session reads.
      Signals.onStop(() -> Runtime.getRuntime().halt(INTERRUPTED));
    }
    try {
      TemporaryDirectory.checkFor(arguments.length == 0 || helps(arguments) ? "" : arguments[0]);
    } catch (TemporaryDirectory.UnusableException e) {
      System.err.println("weir: " + e.getMessage());
      System.exit(CommandLine.ExitCode.SOFTWARE);
    }
    prefetch(arguments, System.getenv());
    System.exit(run(arguments, System.getenv()));
  }

  /** The command line and the logs take half a second to set up; the model is read meanwhile. */
  private static void prefetch(String[] arguments, Map<String, String> environment) {
    if (arguments.length > 0
        && LOADING.contains(arguments[0])
        && !helps(arguments)
        && Arrays.stream(arguments).noneMatch(each -> each.startsWith("--base"))) {
      BaseModel.prefetch(
          environment.getOrDefault(CommonSettings.BASE_MODEL.name(), BaseModel.DEFAULT));
    }
  }

  private static boolean helps(String[] arguments) {
    return Arrays.stream(arguments).anyMatch(each -> each.equals("--help") || each.equals("-h"));
  }

  /** A service logs what it does; the other commands tell it themselves and log only trouble. */
  private static void quietLogs(String[] arguments, Map<String, String> environment) {
    boolean service = arguments.length > 0 && SERVICES.contains(arguments[0]);
    if (!service && !environment.containsKey(LOG_LEVEL)) {
      System.setProperty(LOG_LEVEL, "WARN");
    }
  }

  /** Runs one command; {@code environment} holds the settings. */
  static int run(String[] arguments, Map<String, String> environment) {
    boolean service = arguments.length > 0 && SERVICES.contains(arguments[0]);
    Object root = service ? new ServicesCommand() : new WeirCommand(environment);
    return run(commandLine(root, environment), arguments);
  }

  /** The same with a command line whose output goes elsewhere. */
  static int run(CommandLine line, String... arguments) {
    try {
      return line.execute(arguments);
    } catch (LinkageError e) {
      line.getErr().println("weir: " + Faults.line(e));
      line.getErr().flush();
      return CommandLine.ExitCode.SOFTWARE;
    }
  }

  static CommandLine commandLine(Map<String, String> environment) {
    return commandLine(new WeirCommand(environment), environment);
  }

  private static CommandLine commandLine(Object root, Map<String, String> environment) {
    return new CommandLine(root, new CommandFactory(environment))
        .setExecutionExceptionHandler(WeirMain::report)
        .setParameterExceptionHandler(WeirMain::reportUsage)
        .registerConverter(Precision.class, Precision::of)
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  private static int report(Exception fault, CommandLine command, CommandLine.ParseResult parsed) {
    PrintWriter err = command.getErr();
    if (fault instanceof SettingsException settings) {
      err.println("weir: " + settings.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    err.println("weir: " + Faults.line(fault));
    err.flush();
    if (!Faults.known(fault)) {
      LoggerFactory.getLogger(WeirMain.class).error("{} failed", command.getCommandName(), fault);
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** One line with the reason, and where the usage is: a page of it would push the reason away. */
  private static int reportUsage(CommandLine.ParameterException fault, String[] arguments) {
    CommandLine command = fault.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("weir: " + fault.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(fault, err);
    err.println("see " + command.getCommandSpec().qualifiedName() + " --help");
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }
}
