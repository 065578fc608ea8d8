package dev.weir.inference;

import dev.weir.model.base.BaseModel;
import dev.weir.model.base.LoadingModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.service.process.ServiceProcess;
import dev.weir.store.artifact.ArtifactStore;
import dev.weir.store.artifact.StoreConfig;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The inference service as a process of its own, set up by environment variables. */
public final class InferenceMain {

  private InferenceMain() {}

  /** Runs until a signal or a fault; exit code 2 for bad settings, 1 for a fault. */
  public static void main(String[] arguments) {
    int code = run(InferenceConfig.settings(), System.getenv());
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
    return ServiceProcess.run(InferenceConfig.serving(known), environment, System.err, new Parts());
  }

  private static final class Parts implements ServiceProcess.Service {

    private @Nullable InferenceConfig config;
    private @Nullable LoadingModel loading;

    @Override
    public void begin(Settings settings, Lifecycle lifecycle) {
      // Before anything is opened: a bad setting should not wait for the broker.
      config = InferenceConfig.from(settings);
      loading =
          lifecycle.add("base model", LoadingModel.begin(settings.get(CommonSettings.BASE_MODEL)));
    }

    @Override
    public void start(Settings settings, Metrics metrics, Health health, Lifecycle lifecycle) {
      BaseModel base = Objects.requireNonNull(loading).await();
      ArtifactStore store = lifecycle.add("store", StoreConfig.from(settings).open());
      lifecycle
          .add(
              "inference",
              new InferenceService(Objects.requireNonNull(config), metrics, health, base, store))
          .start();
    }

    @Override
    public String name() {
      return "weir-inference";
    }
  }
}
