package dev.weir.model.spec;

import java.util.Arrays;

/**
 * A named weight's values: row-major 32-bit floats with a shape.
 *
 * <p>The arrays are shared, not copied (a word embedding is 47 MB): treat them as read-only.
 */
@SuppressWarnings("ArrayRecordComponent") // weights are compared by nobody and too large to copy
public record Tensor(long[] shape, float[] data) {
  public Tensor {
    long size = 1;
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("Negative dimension in " + Arrays.toString(shape));
      }
      size = Math.multiplyExact(size, dimension);
    }
    if (size != data.length) {
      throw new IllegalArgumentException(
          "Shape " + Arrays.toString(shape) + " holds " + size + " values, got " + data.length);
    }
  }

  /** Whether the shape is exactly {@code expected}. */
  public boolean hasShape(long... expected) {
    return Arrays.equals(shape, expected);
  }

  @Override
  public String toString() {
    return "Tensor" + Arrays.toString(shape);
  }
}
