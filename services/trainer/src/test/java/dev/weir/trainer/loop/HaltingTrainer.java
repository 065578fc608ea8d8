package dev.weir.trainer.loop;

import dev.weir.model.base.BaseModel;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.store.artifact.FileArtifactStore;
import dev.weir.trainer.config.TrainerConfig;
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
