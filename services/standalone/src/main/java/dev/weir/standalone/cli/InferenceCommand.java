package dev.weir.standalone.cli;

import dev.weir.inference.InferenceMain;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the inference service alone, against any Kafka cluster. */
@Command(
    name = "inference",
    mixinStandardHelpOptions = true,
    description = "Run the inference service alone, against any Kafka cluster, until Ctrl-C.")
final class InferenceCommand implements Callable<Integer> {

  private final Map<String, String> environment;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private ServiceOptions options = new ServiceOptions();

  InferenceCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    return InferenceMain.run(
        AllSettings.ofServices(), options.over(connection.over(environment), "WEIR_HTTP_PORT"));
  }
}
