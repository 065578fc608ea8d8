package dev.weir.model.device;

import java.util.Locale;
import java.util.Set;

/** What the sessions of ONNX Runtime run on. */
public enum OnnxDevice {

  /** The processor. */
  CPU,

  /** The first NVIDIA GPU; needs the runtime's GPU build, see {@link CudaProvider}. */
  CUDA;

  /** The lower-case name: the word for settings and health. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Refuses a session that was opened for a GPU and runs beside it: the runtime moves what a
   * provider cannot take to the processor without a word.
   *
   * @param used the providers that a run used; none when that is not known
   * @throws DeviceException {@code gpu-unusable}
   */
  public void requireUsed(Set<String> used) {
    if (this == CUDA && !used.isEmpty() && !used.contains(CudaProvider.NAME)) {
      throw new DeviceException(
          "gpu-unusable",
          "A GPU cannot be used (gpu-unusable): a session that was opened for it ran on %s alone; look for warnings of ONNX Runtime, or start with WEIR_SERVE_DEVICE=cpu."
              .formatted(used),
          null);
    }
  }
}
