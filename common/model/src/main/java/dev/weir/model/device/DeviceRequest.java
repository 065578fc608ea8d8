package dev.weir.model.device;

/** Where a model is asked to run. */
public enum DeviceRequest {

  /** On the first GPU if all that it needs is there, else on the CPU. */
  AUTO,

  /** On the CPU, whatever else there is. */
  CPU,

  /** On the first GPU, or not at all. */
  CUDA
}
