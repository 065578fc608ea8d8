package dev.weir.model.device;

import dev.weir.contract.fault.WeirException;
import org.jspecify.annotations.Nullable;

/**
 * A GPU was asked for and cannot be used.
 *
 * <p>Reasons: {@code no-gpu-engine}, {@code no-gpu-driver}, {@code no-gpu-device}, {@code
 * no-cuda-runtime}, {@code gpu-unusable}.
 */
public final class DeviceException extends WeirException {

  private static final long serialVersionUID = 1L;

  /** What is missing: its stable code, what to do about it, and its cause if there is one. */
  public DeviceException(String reason, String problem, @Nullable Throwable cause) {
    super(reason, problem, cause);
  }
}
