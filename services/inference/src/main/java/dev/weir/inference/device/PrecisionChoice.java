package dev.weir.inference.device;

import dev.weir.model.device.OnnxDevice;
import dev.weir.model.spec.Precision;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which arithmetic an adapter is served in: a forced one, or the fastest that its gate allowed.
 *
 * @param forced for every adapter, whatever its gate said; {@code null} to choose per adapter
 * @param fastInt8 whether 8 bits are faster than 32 on this machine
 */
public record PrecisionChoice(@Nullable Precision forced, boolean fastInt8) {

  /** The word for choosing per adapter. */
  public static final String AUTO = "auto";

  /**
   * The choice that a setting names, on this machine.
   *
   * @param setting {@value #AUTO} or a {@link Precision#id()}
   * @throws IllegalArgumentException if it is neither
   */
  public static PrecisionChoice of(String setting) {
    Precision forced =
        setting.strip().toLowerCase(Locale.ROOT).equals(AUTO) ? null : Precision.of(setting);
    return new PrecisionChoice(forced, Processor.multipliesInt8Fast());
  }

  /** The same choice on a device: a GPU has no kernels for 8 bits that are faster. */
  public PrecisionChoice on(OnnxDevice device) {
    return device == OnnxDevice.CUDA ? new PrecisionChoice(forced, false) : this;
  }

  /**
   * The precision of one adapter.
   *
   * @param allowed the ids that its gate allowed; of these, ones that are not known here are passed
   *     over
   */
  public Precision choose(List<String> allowed) {
    if (forced != null) {
      return forced;
    }
    return fastInt8 && allowed.contains(Precision.INT8.id()) ? Precision.INT8 : Precision.FP32;
  }

  /** The precision that is most likely to be needed, to be warm before the first adapter comes. */
  public Precision likely() {
    return choose(List.of(Precision.INT8.id()));
  }
}
