package dev.weir.standalone.cli;

import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The root of the commands that run one service. A service that comes back after a crash must not
 * wait for the options of all the other commands to be read by reflection.
 */
@Command(
    name = "weir",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {CurationCommand.class, TrainerCommand.class, InferenceCommand.class})
public final class ServicesCommand implements Runnable {

  @Spec private CommandSpec spec;

  /** The root; the environment goes to the subcommands. */
  @SuppressWarnings({"unused", "NullAway.Init"}) // picocli sets the spec
  public ServicesCommand(Map<String, String> environment) {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say which service; see weir --help");
  }
}
