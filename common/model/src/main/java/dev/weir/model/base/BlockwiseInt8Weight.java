package dev.weir.model.base;

/**
 * A linear weight in 8 bits with one scale per block of input features, as ONNX Runtime's {@code
 * MatMulNBits} takes it: symmetric about {@link #ZERO_POINT}.
 *
 * @param values {@code [out, blocks, block]}, unsigned; the last block is padded by the zero point
 * @param scales {@code [out, blocks]}; (value - zero point) · scale approximates the weight
 * @param block input features per block
 */
@SuppressWarnings("ArrayRecordComponent") // lives while a graph is written
public record BlockwiseInt8Weight(byte[] values, float[] scales, int block) {
  /** What the operator takes for zero when it is given no zero points. */
  public static final int ZERO_POINT = 128;

  private static final int LIMIT = 127;
  private static final int LARGEST_BLOCK = 128;

  /** The operator takes no smaller one. */
  private static final int SMALLEST_BLOCK = 16;

  private static final float SMALLEST_SCALE = 1e-12f;

  /** The largest power of two up to 128 that {@code in} features fill, and at least 16. */
  public static int block(int in) {
    return Math.max(SMALLEST_BLOCK, Math.min(LARGEST_BLOCK, Integer.highestOneBit(in)));
  }

  /** How many blocks {@code in} features need. */
  public static int blocks(int in) {
    return (in + block(in) - 1) / block(in);
  }

  /** Quantises a weight given as {@code [out, in]}, as Hugging Face stores it. */
  public static BlockwiseInt8Weight of(float[] weight, int out, int in) {
    int block = block(in);
    int blocks = blocks(in);
    byte[] values = new byte[out * blocks * block];
    float[] scales = new float[out * blocks];
    for (int row = 0; row < out; row++) {
      for (int b = 0; b < blocks; b++) {
        int from = b * block;
        int to = Math.min(in, from + block);
        float largest = 0;
        for (int column = from; column < to; column++) {
          largest = Math.max(largest, Math.abs(weight[row * in + column]));
        }
        float scale = Math.max(largest / LIMIT, SMALLEST_SCALE);
        int at = row * blocks + b;
        scales[at] = scale;
        for (int i = 0; i < block; i++) {
          int column = from + i;
          int value = column < to ? Math.round(weight[row * in + column] / scale) : 0;
          values[at * block + i] = (byte) (ZERO_POINT + value);
        }
      }
    }
    return new BlockwiseInt8Weight(values, scales, block);
  }
}
