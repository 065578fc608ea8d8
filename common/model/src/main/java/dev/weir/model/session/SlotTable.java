package dev.weir.model.session;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.weir.model.device.OnnxRuntime;
import dev.weir.model.spec.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * One graph input {@code [slots, rows, columns]} in native memory: the session reads the buffer
 * itself, so writing a slot needs no call into the runtime.
 */
final class SlotTable implements AutoCloseable {
  /** The largest buffer that Java has. */
  static final long MAX_BYTES = Integer.MAX_VALUE;

  private final FloatBuffer values;
  private final OnnxTensor tensor;
  private final int rows;
  private final int columns;
  private final float blank;

  /**
   * @param blank what an empty slot holds everywhere
   */
  SlotTable(String name, int slots, int rows, int columns, float blank) {
    this.rows = rows;
    this.columns = columns;
    this.blank = blank;
    long bytes = (long) slots * rows * columns * Float.BYTES;
    if (bytes > MAX_BYTES) {
      throw new ModelException(
          "layout-too-large",
          "Table %s of %d slots would have %d bytes, the limit is 2 GiB; use fewer slots or a smaller rank."
              .formatted(name, slots, bytes));
    }
    this.values = allocate(name, (int) bytes);
    try {
      this.tensor =
          OnnxTensor.createTensor(
              OnnxRuntime.environment(), values, new long[] {slots, rows, columns});
    } catch (OrtException e) {
      throw new ModelException("invalid-graph", "Table " + name + ": " + e.getMessage(), e);
    }
    for (int slot = 0; blank != 0 && slot < slots; slot++) {
      clear(slot);
    }
  }

  private static FloatBuffer allocate(String name, int bytes) {
    try {
      return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
    } catch (OutOfMemoryError e) {
      // The JVM's own limit on direct memory, not the end of the heap: what is there goes on.
      throw new ModelException(
          "layout-too-large",
          "Table %s needs %d bytes of direct memory: %s; use fewer slots, or raise -XX:MaxDirectMemorySize."
              .formatted(name, bytes, e.getMessage()),
          e);
    }
  }

  OnnxTensor tensor() {
    return tensor;
  }

  /**
   * Replaces a slot's matrix; what {@code source} does not cover becomes blank.
   *
   * @param source {@code [sourceRows, sourceColumns]}, row-major, no larger than the slot
   */
  void write(int slot, float[] source, int sourceRows, int sourceColumns) {
    float[] padded = new float[rows * columns];
    Arrays.fill(padded, blank);
    for (int row = 0; row < sourceRows; row++) {
      System.arraycopy(source, row * sourceColumns, padded, row * columns, sourceColumns);
    }
    values.put(slot * rows * columns, padded);
  }

  /** Replaces a slot's matrix by another table's, which is no larger; the rest becomes blank. */
  void copy(int slot, SlotTable source, int sourceSlot) {
    float[] matrix = new float[source.rows * source.columns];
    source.values.get(sourceSlot * matrix.length, matrix);
    write(slot, matrix, source.rows, source.columns);
  }

  /** Elements of one slot's matrix. */
  int size() {
    return rows * columns;
  }

  /** A tensor {@code [slots.length, rows, columns]} over {@code target}, which it fills. */
  OnnxTensor copyOf(int[] slots, FloatBuffer target) throws OrtException {
    for (int i = 0; i < slots.length; i++) {
      target.put(i * size(), values, slots[i] * size(), size());
    }
    return OnnxTensor.createTensor(
        OnnxRuntime.environment(), target, new long[] {slots.length, rows, columns});
  }

  void clear(int slot) {
    write(slot, new float[0], 0, 0);
  }

  @Override
  public void close() {
    tensor.close();
  }
}
