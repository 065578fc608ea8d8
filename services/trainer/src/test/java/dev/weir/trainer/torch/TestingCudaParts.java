package dev.weir.trainer.torch;

import java.util.OptionalInt;

/** A machine as a test describes it, from the engine up. */
record TestingCudaParts(
    boolean engine, OptionalInt driverDevices, OptionalInt runtimeDevices, boolean usable)
    implements CudaParts {

  static final TestingCudaParts WHOLE =
      new TestingCudaParts(true, OptionalInt.of(1), OptionalInt.of(1), true);

  @Override
  public String engineVersion() {
    return "2.5.1";
  }

  @Override
  public String deviceName() {
    return "Some GPU";
  }
}
