package dev.weir.model.base;

/**
 * A linear weight in 8 bits: symmetric, one scale per output channel, in the {@code [in, out]}
 * orientation that ONNX multiplies by.
 *
 * @param values {@code [in, out]}, row-major, within ±{@link #LIMIT}
 * @param scales {@code [out]}; value · scale approximates the weight
 */
@SuppressWarnings("ArrayRecordComponent") // lives while a graph is written
public record Int8Weight(byte[] values, float[] scales) {
  /**
   * The largest magnitude used. Not 127: see {@code
   * docs/decisions/0003-int8-weights-on-cpus-without-vnni.md}.
   */
  static final int LIMIT = 63;

  private static final float SMALLEST_SCALE = 1e-12f;

  /** Quantises a weight given as {@code [out, in]}, as Hugging Face stores it. */
  public static Int8Weight of(float[] weight, int out, int in) {
    byte[] values = new byte[weight.length];
    float[] scales = new float[out];
    for (int row = 0; row < out; row++) {
      float largest = 0;
      for (int column = 0; column < in; column++) {
        largest = Math.max(largest, Math.abs(weight[row * in + column]));
      }
      scales[row] = Math.max(largest / LIMIT, SMALLEST_SCALE);
      for (int column = 0; column < in; column++) {
        values[column * out + row] = (byte) Math.round(weight[row * in + column] / scales[row]);
      }
    }
    return new Int8Weight(values, scales);
  }
}
