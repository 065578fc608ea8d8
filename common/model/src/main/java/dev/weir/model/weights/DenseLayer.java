package dev.weir.model.weights;

/**
 * An adapter's own dense layer between the text vector and the classifier, for bases whose {@link
 * dev.weir.model.spec.HeadKind} has one.
 *
 * <p>The arrays are shared, not copied: treat them as read-only.
 *
 * @param weight {@code [hidden, hidden]}, row-major, a row per output
 * @param bias {@code [hidden]}
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record DenseLayer(float[] weight, float[] bias) {
  /** A layer that is zero everywhere, of vectors of a given width. */
  public static DenseLayer zero(int hidden) {
    return new DenseLayer(new float[hidden * hidden], new float[hidden]);
  }
}
