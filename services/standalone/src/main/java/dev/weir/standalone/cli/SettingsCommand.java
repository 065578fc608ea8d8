package dev.weir.standalone.cli;

import dev.weir.service.config.Setting;
import dev.weir.service.config.SettingsTable;
import dev.weir.service.process.CommonSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the table of all settings, as it stands in the README. */
@Command(
    name = "settings",
    mixinStandardHelpOptions = true,
    description = "Print the table of all settings (environment variables) in Markdown.")
final class SettingsCommand implements Callable<Integer> {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    List<Setting<?>> all = new ArrayList<>(CommonSettings.all());
    all.addAll(AllSettings.ofServices());
    Objects.requireNonNull(spec).commandLine().getOut().print(SettingsTable.markdown(all));
    spec.commandLine().getOut().flush();
    return 0;
  }
}
