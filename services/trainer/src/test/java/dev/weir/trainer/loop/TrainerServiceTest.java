package dev.weir.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.base.BaseModel;
import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Metrics;
import dev.weir.service.process.CommonSettings;
import dev.weir.testing.TestingBaseModel;
import dev.weir.trainer.config.TrainerConfig;
import dev.weir.trainer.torch.TrainingDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerServiceTest {

  @TempDir Path directory;

  @Test
  void doesNotStartWithoutTheGpuThatIsAskedFor() {
    Assumptions.assumeFalse(
        TrainingDevice.choose(DeviceRequest.AUTO).device().isGpu(), "there is a GPU");
    List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
    declared.addAll(TrainerConfig.settings());
    TrainerConfig config =
        TrainerConfig.from(
            Settings.read(
                declared,
                Map.of(
                    "WEIR_BOOTSTRAP_SERVERS", "localhost:1",
                    "WEIR_STORE_DIR", directory.resolve("store").toString(),
                    "WEIR_TRAIN_DEVICE", "cuda")));
    try (BaseModel base =
            BaseModel.load(TestingBaseModel.write(directory.resolve("base"), 1).toString());
        Metrics metrics = new Metrics();
        TrainerService service = new TrainerService(config, metrics, new Health(), base)) {
      assertThatThrownBy(service::start)
          .hasMessageContaining("-Pcuda")
          .isInstanceOf(DeviceException.class);
      assertThat(metrics.scrape()).doesNotContain("weir_trainer_device");
    }
  }
}
