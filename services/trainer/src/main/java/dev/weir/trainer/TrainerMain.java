package dev.weir.trainer;

import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.service.process.ServiceProcess;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.loop.TrainerService;
import java.util.Collection;
import java.util.Map;

/** The trainer as a process of its own, set up by environment variables. */
public final class TrainerMain {

  private TrainerMain() {}

  /** Runs until a signal or a fault; exit code 2 for bad settings, 1 for a fault. */
  public static void main(String[] arguments) {
    int code = run(TrainerConfig.settings(), System.getenv());
    if (code != 0) {
      System.exit(code);
    }
  }

  /**
   * Runs the service in this thread.
   *
   * @param known the settings that the process accepts, this service's among them
   * @param environment where they are read from
   * @return the exit code
   */
  public static int run(Collection<? extends Setting<?>> known, Map<String, String> environment) {
    return ServiceProcess.run(
        known,
        environment,
        System.err,
        ServiceProcess.Service.named(
            "weir-trainer",
            (settings, metrics, health, lifecycle) -> {
              TrainerConfig config = TrainerConfig.from(settings);
              BaseModel base = lifecycle.add("base model", BaseModel.load(config.baseModel()));
              lifecycle.add("trainer", new TrainerService(config, metrics, health, base)).start();
            }));
  }
}
