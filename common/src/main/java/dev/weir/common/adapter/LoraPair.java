package dev.weir.common.adapter;

/**
 * The two low-rank factors of one linear layer; its weight changes by scaling · B · A.
 *
 * <p>The arrays are shared, not copied: treat them as read-only.
 *
 * @param a {@code [rank, in]}, row-major
 * @param b {@code [out, rank]}, row-major, without the scaling
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LoraPair(float[] a, float[] b) {}
