package dev.weir.inference.device;

import dev.weir.model.device.CudaProvider;
import dev.weir.model.device.NvidiaDriver;
import java.util.OptionalInt;

/**
 * What serving on a GPU is made of, asked for one after the other: each answer may cost more than
 * the one before.
 */
interface CudaParts {

  /** Whether ONNX Runtime is a GPU build. */
  boolean built();

  /** GPUs that the driver shows to this process; empty when there is no driver. */
  OptionalInt driverDevices();

  /**
   * Loads the provider and runs something on the first GPU.
   *
   * @throws dev.weir.model.device.DeviceException if that is impossible
   */
  void tryOut();

  /** What the first GPU is called. */
  String deviceName();

  /** As this machine and this class path have them. */
  static CudaParts ofThisMachine() {
    return new CudaParts() {
      @Override
      public boolean built() {
        return CudaProvider.built();
      }

      @Override
      public OptionalInt driverDevices() {
        return NvidiaDriver.devices();
      }

      @Override
      public void tryOut() {
        CudaProvider.tryOut();
      }

      @Override
      public String deviceName() {
        return NvidiaDriver.deviceName();
      }
    };
  }
}
