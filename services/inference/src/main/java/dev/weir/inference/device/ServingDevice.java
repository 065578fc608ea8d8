package dev.weir.inference.device;

import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import dev.weir.model.device.OnnxDevice;
import dev.weir.model.spec.Precision;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Where adapters answer, and why there.
 *
 * @param device what sessions run on
 * @param detail for people: the device's name, and with {@link DeviceRequest#AUTO} why it was taken
 */
public record ServingDevice(OnnxDevice device, String detail) {

  /** The CPU, as if it had been asked for. */
  public static ServingDevice cpu() {
    return new ServingDevice(OnnxDevice.CPU, "cpu, as asked for");
  }

  /**
   * Finds the device that was asked for; with a GPU at hand that loads ONNX Runtime's provider and
   * runs something on it.
   *
   * @param forced the precision that is forced on all adapters, or {@code null}
   * @throws DeviceException if a GPU was asked for and something that it needs is missing
   */
  public static ServingDevice choose(DeviceRequest request, @Nullable Precision forced) {
    return choose(request, forced, CudaParts.ofThisMachine());
  }

  static ServingDevice choose(DeviceRequest request, @Nullable Precision forced, CudaParts parts) {
    if (request == DeviceRequest.CPU) {
      return cpu();
    }
    Optional<DeviceException> missing =
        unserved(forced).or(() -> missing(parts)).or(() -> failing(parts));
    if (missing.isEmpty()) {
      String why = request == DeviceRequest.AUTO ? ", taken because it can be used" : "";
      return new ServingDevice(OnnxDevice.CUDA, "cuda: " + parts.deviceName() + why);
    }
    if (request == DeviceRequest.CUDA) {
      throw missing.get();
    }
    return new ServingDevice(
        OnnxDevice.CPU, "cpu, taken because a GPU cannot be used: " + missing.get().reason());
  }

  /**
   * What a GPU lacks, as far as can be told without loading its libraries; empty when nothing does.
   */
  public static Optional<DeviceException> missing() {
    return missing(CudaParts.ofThisMachine());
  }

  /** Why a forced precision is served by processors alone; empty when it is not. */
  public static Optional<DeviceException> unserved(@Nullable Precision forced) {
    return forced == null || forced == Precision.FP32
        ? Optional.empty()
        : missing(
            "precision-not-on-gpu",
            "WEIR_SERVE_PRECISION=%s is for processors, a GPU serves fp32; set fp32 or auto"
                .formatted(forced.id()));
  }

  static Optional<DeviceException> missing(CudaParts parts) {
    if (!parts.built()) {
      return missing(
          "no-gpu-engine",
          "the ONNX Runtime in the class path is the build for CPUs; build with the Maven profile"
              + " serve-cuda (mvn -Pserve-cuda package)");
    }
    OptionalInt shown = parts.driverDevices();
    if (shown.isEmpty()) {
      return missing(
          "no-gpu-driver",
          "the NVIDIA driver (libcuda) is not found; install it on this machine, and start a"
              + " container with its GPUs (docker run --gpus all, or nvidia.com/gpu in Kubernetes)");
    }
    return shown.getAsInt() > 0
        ? Optional.empty()
        : missing(
            "no-gpu-device",
            "the NVIDIA driver shows no GPU to this process; check nvidia-smi and"
                + " CUDA_VISIBLE_DEVICES, and start a container with --gpus all");
  }

  private static Optional<DeviceException> failing(CudaParts parts) {
    try {
      parts.tryOut();
      return Optional.empty();
    } catch (DeviceException e) {
      return Optional.of(e);
    }
  }

  private static Optional<DeviceException> missing(String reason, String what) {
    return Optional.of(
        new DeviceException(
            reason,
            "A GPU cannot be used ("
                + reason
                + "): "
                + what
                + ". Or start with WEIR_SERVE_DEVICE=cpu.",
            null));
  }
}
