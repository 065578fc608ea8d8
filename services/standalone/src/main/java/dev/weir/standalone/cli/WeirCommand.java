package dev.weir.standalone.cli;

import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command: lists the others. */
@Command(
    name = "weir",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Streaming LoRA adapters on Kafka: reviews in, better adapters live.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      UpCommand.class,
      CurationCommand.class,
      TrainerCommand.class,
      InferenceCommand.class,
      ProduceCommand.class,
      TailCommand.class,
      TrainCommand.class,
      EvalCommand.class,
      ClassifyCommand.class,
      AdaptersCommand.class,
      StatusCommand.class,
      SettingsCommand.class,
      KeysCommand.class,
      StartOnceCommand.class,
      HelpCommand.class
    })
public final class WeirCommand implements Runnable {

  @Spec private CommandSpec spec;

  /** The root; the environment goes to the subcommands. */
  @SuppressWarnings({"unused", "NullAway.Init"}) // picocli sets the spec
  public WeirCommand(Map<String, String> environment) {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say which command; see weir --help");
  }
}
