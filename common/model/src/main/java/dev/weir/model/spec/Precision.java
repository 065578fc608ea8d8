package dev.weir.model.spec;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The arithmetic of the base model's linear layers; LoRA and head are always 32-bit floats. */
public enum Precision {
  /** 32-bit floats: the reference. */
  FP32,
  /**
   * 8-bit weights per output channel and activations quantised at run time with a scale per token:
   * faster on processors with VNNI. The answer to a text does not depend on the texts that it is
   * batched with, but for rounding where they change its padded length ({@code
   * docs/decisions/0038-int8-scales-per-token.md}).
   */
  INT8,
  /**
   * 8-bit weights with a scale per block of input features, multiplied as 32-bit floats
   * (weight-only quantisation, {@code MatMulNBits}): the answer to a text of two tokens or more
   * does not depend on the rows it is batched with, to the last bit as long as the padded length is
   * the same. It saves memory, not time.
   */
  INT8_WEIGHT_ONLY;

  /** The name in settings and records, such as {@code int8-weight-only}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The precision of an {@link #id()}, in any letter case.
   *
   * @throws IllegalArgumentException naming the choices
   */
  public static Precision of(String id) {
    String wanted = id.strip().toLowerCase(Locale.ROOT).replace('_', '-');
    return Arrays.stream(values())
        .filter(precision -> precision.id().equals(wanted))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "has '%s', accepted are %s"
                        .formatted(
                            id.strip(),
                            Arrays.stream(values())
                                .map(Precision::id)
                                .collect(Collectors.joining(", ")))));
  }
}
