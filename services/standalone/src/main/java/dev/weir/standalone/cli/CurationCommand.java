package dev.weir.standalone.cli;

import dev.weir.curation.CurationMain;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the curation service alone, against any Kafka cluster. */
@Command(
    name = "curation",
    mixinStandardHelpOptions = true,
    description = "Run the curation service alone, against any Kafka cluster, until Ctrl-C.")
final class CurationCommand implements Callable<Integer> {

  private final Map<String, String> environment;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private ServiceOptions options = new ServiceOptions();

  CurationCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    return CurationMain.run(
        AllSettings.ofServices(), options.over(connection.over(environment), "WEIR_OPS_PORT"));
  }
}
