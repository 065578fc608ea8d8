package dev.weir.curation;

import dev.weir.service.config.Setting;
import dev.weir.service.process.ServiceProcess;
import java.util.Collection;
import java.util.Map;

/** The curation service as a process of its own, set up by environment variables. */
public final class CurationMain {

  private CurationMain() {}

  /** Runs until a signal or a fault; exit code 2 for bad settings, 1 for a fault. */
  public static void main(String[] arguments) {
    int code = run(CurationConfig.settings(), System.getenv());
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
            "weir-curation",
            (settings, metrics, health, lifecycle) ->
                lifecycle
                    .add(
                        "curation",
                        new CurationService(CurationConfig.from(settings), metrics, health))
                    .start()));
  }
}
