package dev.weir.model.weights;

import org.jspecify.annotations.Nullable;

/**
 * The two low-rank factors of one linear layer; its weight changes by scaling · B · A.
 *
 * <p>The arrays are shared, not copied: treat them as read-only.
 *
 * @param a {@code [rank, in]}, row-major
 * @param b {@code [out, rank]}, row-major, without the scaling
 * @param magnitude {@code [out]}, DoRA's length of each row of the changed weight; {@code null}
 *     without DoRA
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LoraPair(float[] a, float[] b, float @Nullable [] magnitude) {

  /** A pair without DoRA. */
  public LoraPair(float[] a, float[] b) {
    this(a, b, null);
  }
}
