package dev.weir.trainer.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingDeviceTest {

  private static final OptionalInt NONE = OptionalInt.empty();
  private static final OptionalInt ZERO = OptionalInt.of(0);
  private static final OptionalInt ONE = OptionalInt.of(1);

  static Stream<Arguments> incomplete() {
    return Stream.of(
        Arguments.of(new TestingCudaParts(false, ONE, ONE, true), "no-gpu-engine", "-Pcuda"),
        Arguments.of(new TestingCudaParts(true, NONE, NONE, false), "no-gpu-driver", "driver"),
        Arguments.of(
            new TestingCudaParts(true, ZERO, ZERO, false), "no-gpu-device", "CUDA_VISIBLE_DEVICES"),
        Arguments.of(
            new TestingCudaParts(true, ONE, NONE, false), "no-cuda-runtime", "LD_LIBRARY_PATH"),
        Arguments.of(new TestingCudaParts(true, ONE, ZERO, false), "gpu-unusable", "CUDA 12.4"),
        Arguments.of(new TestingCudaParts(true, ONE, ONE, false), "gpu-unusable", "2.5.1"));
  }

  @ParameterizedTest
  @MethodSource("incomplete")
  void cudaSaysWhatIsMissingAndHowToGetIt(CudaParts parts, String reason, String remedy) {
    assertThatThrownBy(() -> TrainingDevice.choose(DeviceRequest.CUDA, parts))
        .hasMessageContaining(remedy)
        .hasMessageContaining("WEIR_TRAIN_DEVICE=cpu")
        .isInstanceOfSatisfying(
            DeviceException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @ParameterizedTest
  @MethodSource("incomplete")
  void autoTakesTheCpuAndSaysWhy(CudaParts parts, String reason, String remedy) {
    TrainingDevice device = TrainingDevice.choose(DeviceRequest.AUTO, parts);

    assertThat(device.device()).isEqualTo(Device.cpu());
    assertThat(device.word()).isEqualTo("cpu");
    assertThat(device.detail()).contains(reason);
  }

  @Test
  void takesTheGpuWhereEverythingIsThereUnlessTheCpuIsAskedFor() {
    assertThat(TrainingDevice.choose(DeviceRequest.AUTO, TestingCudaParts.WHOLE).device())
        .isEqualTo(Device.gpu(0));
    TrainingDevice asked = TrainingDevice.choose(DeviceRequest.CUDA, TestingCudaParts.WHOLE);
    assertThat(asked.word()).isEqualTo("cuda");
    assertThat(asked.detail()).contains("Some GPU");
    assertThat(TrainingDevice.choose(DeviceRequest.CPU, TestingCudaParts.WHOLE).word())
        .isEqualTo("cpu");
  }

  @Test
  void namesTheVersionOfTheEngineThatIsLoaded() {
    TrainingDevice device = TrainingDevice.cpu();

    try (NDManager manager = TorchRuntime.newManager(device.device())) {
      assertThat(manager.getDevice()).isEqualTo(device.device());
      assertThat(device.engineVersion()).isEqualTo(manager.getEngine().getVersion());
    }
  }
}
