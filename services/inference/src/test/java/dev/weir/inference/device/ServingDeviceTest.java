package dev.weir.inference.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.spec.Precision;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ServingDeviceTest {

  private static final Parts WHOLE = new Parts(true, OptionalInt.of(1), true);

  /** Parts of which some may be missing; trying out what is not there is a mistake. */
  private record Parts(boolean built, OptionalInt driverDevices, boolean works)
      implements CudaParts {

    @Override
    public void tryOut() {
      assertThat(built).isTrue();
      assertThat(driverDevices.orElse(0)).isPositive();
      if (!works) {
        throw new DeviceException(
            "no-cuda-libraries", "install cuDNN 9, or WEIR_SERVE_DEVICE=cpu", null);
      }
    }

    @Override
    public String deviceName() {
      return "Some GPU";
    }
  }

  static Stream<Arguments> incomplete() {
    return Stream.of(
        Arguments.of(new Parts(false, OptionalInt.of(1), true), "no-gpu-engine", "-Pserve-cuda"),
        Arguments.of(new Parts(true, OptionalInt.empty(), true), "no-gpu-driver", "--gpus all"),
        Arguments.of(
            new Parts(true, OptionalInt.of(0), true), "no-gpu-device", "CUDA_VISIBLE_DEVICES"),
        Arguments.of(new Parts(true, OptionalInt.of(1), false), "no-cuda-libraries", "cuDNN 9"));
  }

  @ParameterizedTest
  @MethodSource("incomplete")
  void cudaSaysWhatIsMissingAndHowToGetIt(CudaParts parts, String reason, String remedy) {
    assertThatThrownBy(() -> ServingDevice.choose(DeviceRequest.CUDA, null, parts))
        .hasMessageContaining(remedy)
        .hasMessageContaining("WEIR_SERVE_DEVICE=cpu")
        .isInstanceOfSatisfying(
            DeviceException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @ParameterizedTest
  @MethodSource("incomplete")
  void autoTakesTheCpuAndSaysWhy(CudaParts parts, String reason, String remedy) {
    ServingDevice device = ServingDevice.choose(DeviceRequest.AUTO, null, parts);

    assertThat(device.device()).isEqualTo(OnnxDevice.CPU);
    assertThat(device.detail()).contains(reason);
  }

  @Test
  void takesTheGpuWhereEverythingIsThereUnlessTheCpuIsAskedFor() {
    assertThat(ServingDevice.choose(DeviceRequest.AUTO, null, WHOLE).device())
        .isEqualTo(OnnxDevice.CUDA);
    ServingDevice asked = ServingDevice.choose(DeviceRequest.CUDA, Precision.FP32, WHOLE);
    assertThat(asked.device()).isEqualTo(OnnxDevice.CUDA);
    assertThat(asked.detail()).contains("Some GPU");
    assertThat(ServingDevice.choose(DeviceRequest.CPU, null, WHOLE).device())
        .isEqualTo(OnnxDevice.CPU);
  }

  @Test
  void eightBitsThatAreForcedAreServedByTheCpu() {
    ServingDevice device = ServingDevice.choose(DeviceRequest.AUTO, Precision.INT8, WHOLE);

    assertThat(device.device()).isEqualTo(OnnxDevice.CPU);
    assertThat(device.detail()).contains("precision-not-on-gpu");
  }

  @Test
  void gpuServesAdaptersInFp32ThatAreAllowedEightBits() {
    PrecisionChoice fast = new PrecisionChoice(null, true);

    assertThat(fast.on(OnnxDevice.CUDA).choose(List.of("int8"))).isEqualTo(Precision.FP32);
    assertThat(fast.on(OnnxDevice.CPU).choose(List.of("int8"))).isEqualTo(Precision.INT8);
  }
}
