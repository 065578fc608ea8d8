package dev.weir.trainer.torch;

import java.util.OptionalInt;

/**
 * What a training on a GPU is made of, asked for one after the other: each answer may cost more
 * than the one before, and the last one loads the engine.
 */
interface CudaParts {

  /** The version of the engine that would be loaded, such as {@code 2.7.1}. */
  String engineVersion();

  /** Whether a GPU build of the engine can be loaded at all. */
  boolean engine();

  /** GPUs that the driver shows to this process; empty when there is no driver. */
  OptionalInt driverDevices();

  /** GPUs that the CUDA runtime library shows; empty when there is no such library. */
  OptionalInt runtimeDevices();

  /** Whether the engine, once loaded, works on a GPU. */
  boolean usable();

  /** What the first GPU is called. */
  String deviceName();
}
