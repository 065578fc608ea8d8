package dev.weir.model.session;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Native memory for a caller's runs, kept from one to the next: inputs and logits of {@link
 * SlotEncoder#logits}.
 *
 * <p>It grows to the largest batch it has seen, 4 bytes per padded token (8 with mean pooling) and
 * per logit, and on a GPU the slots of a batch. Belongs to one thread at a time; any encoder will
 * do, of any base and layout. Freed with this object.
 */
public final class RunBuffers {
  private static final int SMALLEST = 256;

  private ByteBuffer ids = allocate(SMALLEST);
  private ByteBuffer lengths = allocate(SMALLEST);
  private ByteBuffer slots = allocate(SMALLEST);
  private ByteBuffer pool = allocate(SMALLEST);
  private ByteBuffer logits = allocate(SMALLEST);
  private ByteBuffer tables = allocate(0);

  /** Native memory held, in bytes. */
  public long bytes() {
    return (long) ids.capacity()
        + lengths.capacity()
        + slots.capacity()
        + pool.capacity()
        + logits.capacity()
        + tables.capacity();
  }

  // What the views below hold is left from an earlier run: the caller writes every element.

  IntBuffer ids(int values) {
    ids = fitting(ids, values);
    return ids.slice(0, values * Integer.BYTES).order(ByteOrder.nativeOrder()).asIntBuffer();
  }

  IntBuffer lengths(int values) {
    lengths = fitting(lengths, values);
    return lengths.slice(0, values * Integer.BYTES).order(ByteOrder.nativeOrder()).asIntBuffer();
  }

  IntBuffer slots(int values) {
    slots = fitting(slots, values);
    return slots.slice(0, values * Integer.BYTES).order(ByteOrder.nativeOrder()).asIntBuffer();
  }

  FloatBuffer pool(int values) {
    pool = fitting(pool, values);
    return pool.slice(0, values * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  FloatBuffer logits(int values) {
    logits = fitting(logits, values);
    return logits.slice(0, values * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  FloatBuffer tables(int values) {
    tables = fitting(tables, values);
    return tables.slice(0, values * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static ByteBuffer fitting(ByteBuffer buffer, int values) {
    int bytes = Math.multiplyExact(values, Integer.BYTES);
    // Doubling: batches that grow by a token at a time do not allocate each time.
    return bytes <= buffer.capacity()
        ? buffer
        : allocate(Math.max(bytes, Math.min(2L * buffer.capacity(), Integer.MAX_VALUE)));
  }

  private static ByteBuffer allocate(long bytes) {
    return ByteBuffer.allocateDirect((int) bytes);
  }
}
