package dev.weir.standalone.cli;

import dev.weir.trainer.TrainerMain;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the trainer service alone, against any Kafka cluster. */
@Command(
    name = "trainer",
    mixinStandardHelpOptions = true,
    description = "Run the trainer service alone, against any Kafka cluster, until Ctrl-C.")
final class TrainerCommand implements Callable<Integer> {

  private final Map<String, String> environment;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private ServiceOptions options = new ServiceOptions();

  TrainerCommand(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Integer call() {
    return TrainerMain.run(
        AllSettings.ofServices(), options.over(connection.over(environment), "WEIR_OPS_PORT"));
  }
}
