package dev.weir.standalone.cli;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the help of a command, at any depth: picocli's own knows the first level only. */
@Command(
    name = "help",
    header = "Print the help of a command.",
    description = "Print the help of a command, as in weir help adapters rollback.")
final class HelpCommand implements Runnable {

  @Parameters(paramLabel = "COMMAND", arity = "0..*", description = "the command's words")
  private List<String> words = List.of();

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    CommandLine own = Objects.requireNonNull(spec).commandLine();
    CommandLine command = own.getParent();
    for (String word : words) {
      CommandLine next = command.getSubcommands().get(word);
      if (next == null) {
        throw new ParameterException(
            own,
            "'%s' is no command of %s; its commands are %s"
                .formatted(
                    word,
                    command.getCommandSpec().qualifiedName(),
                    String.join(", ", command.getSubcommands().keySet())));
      }
      command = next;
    }
    command.usage(own.getOut());
  }
}
