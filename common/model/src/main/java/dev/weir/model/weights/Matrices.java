package dev.weir.model.weights;

import java.util.Arrays;

/** The few dense operations that preparing weights needs; row-major, single-threaded. */
public final class Matrices {
  private static final int TILE = 32;

  private Matrices() {}

  /** {@code [rows, columns]} to {@code [columns, rows]}, by tiles that fit the cache. */
  public static float[] transpose(float[] matrix, int rows, int columns) {
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
   * {@code weight + scaling · b · a}, with DoRA's magnitudes each row scaled to its own: weight
   * {@code [out, in]}.
   */
  public static float[] merge(float[] weight, LoraPair pair, int rank, double scaling) {
    float[] merged = weight.clone();
    int in = pair.a().length / rank;
    int out = pair.b().length / rank;
    for (int row = 0; row < out; row++) {
      addRow(merged, row * in, pair, row, rank, scaling);
    }
    float[] magnitude = pair.magnitude();
    if (magnitude != null) {
      for (int row = 0; row < out; row++) {
        float factor = factor(magnitude[row], merged, row * in, in);
        for (int i = row * in; i < (row + 1) * in; i++) {
          merged[i] *= factor;
        }
      }
    }
    return merged;
  }

  /**
   * DoRA's factor on each output, magnitude / ‖weight + scaling · b · a‖ by row; 1 without
   * magnitudes, 0 for a row of zeros, whose output is 0 whatever the factor.
   */
  public static float[] outputFactors(float[] weight, LoraPair pair, int rank, double scaling) {
    int in = pair.a().length / rank;
    int out = pair.b().length / rank;
    float[] factors = new float[out];
    float[] magnitude = pair.magnitude();
    if (magnitude == null) {
      Arrays.fill(factors, 1);
      return factors;
    }
    float[] merged = new float[in];
    for (int row = 0; row < out; row++) {
      System.arraycopy(weight, row * in, merged, 0, in);
      addRow(merged, 0, pair, row, rank, scaling);
      factors[row] = factor(magnitude[row], merged, 0, in);
    }
    return factors;
  }

  private static void addRow(
      float[] target, int at, LoraPair pair, int row, int rank, double scaling) {
    float[] a = pair.a();
    int in = a.length / rank;
    for (int k = 0; k < rank; k++) {
      float factor = (float) (scaling * pair.b()[row * rank + k]);
      for (int column = 0; column < in; column++) {
        target[at + column] += factor * a[k * in + column];
      }
    }
  }

  private static float factor(float magnitude, float[] values, int from, int length) {
    double squares = 0;
    for (int i = from; i < from + length; i++) {
      squares += (double) values[i] * values[i];
    }
    return squares == 0 ? 0 : (float) (magnitude / Math.sqrt(squares));
  }
}
