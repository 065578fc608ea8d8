package dev.weir.trainer.encoder;

import dev.weir.common.ops.WeirException;

/**
 * A GPU was asked for and cannot be used.
 *
 * <p>Reasons: {@code no-gpu-engine}, {@code no-gpu-driver}, {@code no-gpu-device}, {@code
 * no-cuda-runtime}, {@code gpu-unusable}.
 */
public final class DeviceException extends WeirException {

  private static final long serialVersionUID = 1L;

  DeviceException(String reason, String problem) {
    super(reason, problem, null);
  }
}
