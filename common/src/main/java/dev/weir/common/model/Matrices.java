package dev.weir.common.model;

/** The few dense operations that preparing weights needs; row-major, single-threaded. */
final class Matrices {
  private static final int TILE = 32;

  private Matrices() {}

  /** {@code [rows, columns]} to {@code [columns, rows]}, by tiles that fit the cache. */
  static float[] transpose(float[] matrix, int rows, int columns) {
    float[] result = new float[matrix.length];
    for (int rowTile = 0; rowTile < rows; rowTile += TILE) {
      int rowEnd = Math.min(rows, rowTile + TILE);
      for (int columnTile = 0; columnTile < columns; columnTile += TILE) {
        int columnEnd = Math.min(columns, columnTile + TILE);
        for (int row = rowTile; row < rowEnd; row++) {
          for (int column = columnTile; column < columnEnd; column++) {
            result[column * rows + row] = matrix[row * columns + column];
          }
        }
      }
    }
    return result;
  }

  /**
   * {@code weight + scaling · b · a}: weight {@code [out, in]}, b {@code [out, rank]}, a {@code
   * [rank, in]}.
   */
  static float[] merge(float[] weight, float[] a, float[] b, int rank, double scaling) {
    float[] merged = weight.clone();
    int in = a.length / rank;
    int out = b.length / rank;
    for (int row = 0; row < out; row++) {
      for (int k = 0; k < rank; k++) {
        float factor = (float) (scaling * b[row * rank + k]);
        for (int column = 0; column < in; column++) {
          merged[row * in + column] += factor * a[k * in + column];
        }
      }
    }
    return merged;
  }
}
