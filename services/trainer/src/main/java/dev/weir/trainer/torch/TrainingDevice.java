package dev.weir.trainer.torch;

import ai.djl.Device;
import dev.weir.model.device.DeviceException;
import dev.weir.model.device.DeviceRequest;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Where trainings run, and why there.
 *
 * <p>An adapter's digest is reproducible on one kind of device only: a GPU adds numbers in another
 * order than a CPU.
 *
 * @param device what arrays are made on
 * @param engineVersion of PyTorch
 * @param detail for people: the device's name, and with {@link DeviceRequest#AUTO} why it was taken
 */
public record TrainingDevice(Device device, String engineVersion, String detail) {

  private static final String HOW =
      "build with the Maven profile cuda (mvn -Pcuda package) or run the image of"
          + " docker/Dockerfile.cuda";

  /** The CPU, as if it had been asked for. */
  public static TrainingDevice cpu() {
    return choose(DeviceRequest.CPU);
  }

  /**
   * Finds the device that was asked for. The engine is loaded only when a GPU is about to be used.
   *
   * @throws DeviceException if a GPU was asked for and something that it needs is missing
   */
  public static TrainingDevice choose(DeviceRequest request) {
    return choose(request, new SystemCuda());
  }

  static TrainingDevice choose(DeviceRequest request, CudaParts parts) {
    if (request == DeviceRequest.CPU) {
      return new TrainingDevice(Device.cpu(), parts.engineVersion(), "cpu, as asked for");
    }
    Optional<DeviceException> missing = missing(parts);
    if (missing.isEmpty()) {
      String why = request == DeviceRequest.AUTO ? ", taken because it can be used" : "";
      return new TrainingDevice(
          Device.gpu(0), parts.engineVersion(), "cuda: " + parts.deviceName() + why);
    }
    if (request == DeviceRequest.CUDA) {
      throw missing.get();
    }
    return new TrainingDevice(
        Device.cpu(),
        parts.engineVersion(),
        "cpu, taken because a GPU cannot be used: " + missing.get().reason());
  }

  /** {@code cpu} or {@code cuda}: the word for settings, lineage and metrics. */
  public String word() {
    return device.isGpu() ? "cuda" : "cpu";
  }

  private static Optional<DeviceException> missing(CudaParts parts) {
    if (!parts.engine()) {
      return missing(
          "no-gpu-engine",
          "the PyTorch %s in the class path is the build for CPUs; %s"
              .formatted(parts.engineVersion(), HOW));
    }
    OptionalInt shown = parts.driverDevices();
    if (shown.isEmpty()) {
      return missing(
          "no-gpu-driver",
          "the NVIDIA driver (libcuda) is not found; install it on this machine, and start a"
              + " container with its GPUs (docker run --gpus all, or nvidia.com/gpu in Kubernetes)");
    }
    if (shown.getAsInt() == 0) {
      return missing(
          "no-gpu-device",
          "the NVIDIA driver shows no GPU to this process; check nvidia-smi and"
              + " CUDA_VISIBLE_DEVICES, and start a container with --gpus all");
    }
    OptionalInt counted = parts.runtimeDevices();
    if (counted.isEmpty()) {
      return missing(
          "no-cuda-runtime",
          "the driver shows %d GPU(s), but the CUDA runtime library (libcudart) is not found; install CUDA 12.4 or later and have it on LD_LIBRARY_PATH, or run the image of docker/Dockerfile.cuda"
              .formatted(shown.getAsInt()));
    }
    if (counted.getAsInt() == 0 || !parts.usable()) {
      return missing(
          "gpu-unusable",
          "the driver shows %d GPU(s), but PyTorch %s cannot use any; it needs a driver for CUDA 12.4 or later: compare nvidia-smi"
              .formatted(shown.getAsInt(), parts.engineVersion()));
    }
    return Optional.empty();
  }

  private static Optional<DeviceException> missing(String reason, String what) {
    return Optional.of(
        new DeviceException(
            reason,
            "A GPU cannot be used ("
                + reason
                + "): "
                + what
                + ". Or start with WEIR_TRAIN_DEVICE=cpu.",
            null));
  }
}
