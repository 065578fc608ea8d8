package dev.weir.inference;

import dev.weir.common.config.CommonSettings;
import dev.weir.common.config.Setting;
import dev.weir.common.config.Settings;
import dev.weir.common.model.BaseModel;
import dev.weir.common.model.LoadingModel;
import dev.weir.common.ops.Health;
import dev.weir.common.ops.Lifecycle;
import dev.weir.common.ops.Metrics;
import dev.weir.common.ops.ServiceProcess;
import dev.weir.common.store.ArtifactStore;
import dev.weir.common.store.StoreConfig;
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
