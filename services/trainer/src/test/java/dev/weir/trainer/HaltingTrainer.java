package dev.weir.trainer;

import dev.weir.common.config.CommonSettings;
import dev.weir.common.config.Setting;
import dev.weir.common.config.Settings;
import dev.weir.common.model.BaseModel;
import dev.weir.common.ops.Health;
import dev.weir.common.ops.Metrics;
import dev.weir.common.store.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** A process with a trainer that is killed by its first training, as by the kernel. */
final class HaltingTrainer {

  static final int KILLED = 137;

  private HaltingTrainer() {}

  /** Runs one to its end; the exit code. */
  static int run(Map<String, String> variables, Path model)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                HaltingTrainer.class.getName(),
                model.toString())
            .inheritIO();
    builder.environment().putAll(variables);
    return builder.start().waitFor();
  }

  /** The process itself; its settings are in the environment. */
  public static void main(String[] arguments) throws InterruptedException {
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(TrainerConfig.settings());
    TrainerConfig config = TrainerConfig.from(Settings.read(declared, System.getenv()));
    TrainerService service =
        new TrainerService(
            config,
            new Metrics(),
            new Health(),
            BaseModel.load(arguments[0]),
            TestingArtifactStore.meanwhile(
                new FileArtifactStore(config.store().localDirectory()),
                () -> Runtime.getRuntime().halt(KILLED)));
    service.start();
    new CountDownLatch(1).await();
  }
}
