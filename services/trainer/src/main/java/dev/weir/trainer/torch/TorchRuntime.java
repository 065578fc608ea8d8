package dev.weir.trainer.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Platform;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one door to libtorch: managers, threads, seeds, gradient mode, and arrays that own their
 * memory.
 *
 * <p>Arrays live on the device of their manager; nothing here mixes two. On the CPU, DJL's {@code
 * NDManager.create} wraps a Java buffer instead of copying it, and the buffer lives only as long as
 * that wrapper. DJL's operators on a {@link Number} do so inside and close the wrapper at once,
 * while autograd goes on reading the freed memory: the cause of sporadic non-finite gradients.
 * Hence two rules, see {@code docs/decisions/0004-memory-ownership-of-djl-arrays.md}: arrays come
 * from {@link #own} and {@link #constant}, and no operator on a {@code Number} is used where
 * gradients flow.
 */
public final class TorchRuntime {

  private static final Logger LOG = LoggerFactory.getLogger(TorchRuntime.class);
  private static final String ENGINE = "PyTorch";

  static {
    // The engine looks for a newer native library on the net, and reports its use, unless told not
    // to. A setting of the user's own wins.
    Map.of("ai.djl.offline", "true", "OPT_OUT_TRACKING", "true")
        .forEach(
            (name, value) -> {
              if (System.getProperty(name) == null && System.getenv(name) == null) {
                System.setProperty(name, value);
              }
            });
    setEnvironment();
  }

  private TorchRuntime() {}

  /**
   * What native libraries read in the environment once, as they are loaded, where Java cannot write
   * it. A value of the user's own stays.
   *
   * <p>OpenMP's idle threads spin by default: on a machine that does other work as well, two
   * threads are then far slower than one. What multiplies bfloat16 keeps generated code and plans
   * for the last 1,024 shapes, in two caches; of texts nearly every batch has another one.
   */
  private static void setEnvironment() {
    if (Platform.isWindows()) {
      return; // no libgomp there
    }
    Map.of(
            "OMP_WAIT_POLICY", "PASSIVE",
            "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64",
            "LRU_CACHE_CAPACITY", "64")
        .forEach(TorchRuntime::setUnlessSet);
  }

  private static void setUnlessSet(String name, String value) {
    try {
      Function.getFunction(Platform.C_LIBRARY_NAME, "setenv")
          .invokeInt(new Object[] {name, value, 0});
    } catch (UnsatisfiedLinkError e) {
      LOG.warn("{} could not be set to {}; set it in the environment", name, value, e);
    }
  }

  /** The engine, loaded by now. */
  static Engine engine() {
    return Engine.getEngine(ENGINE);
  }

  /** A new root of arrays on the CPU; the caller closes it. */
  public static NDManager newManager() {
    return newManager(Device.cpu());
  }

  /**
   * A new root of arrays on a device, which its children and all results of its arrays share; the
   * caller closes it.
   */
  public static NDManager newManager(Device device) {
    return NDManager.newBaseManager(device, ENGINE);
  }

  /** Threads of one operation, for the whole process. */
  public static void threads(int threads) {
    try (NDManager loaded = newManager()) {
      if (loaded.isOpen() && JniUtils.getNumThreads() != threads) {
        JniUtils.setNumThreads(threads);
      }
    }
  }

  /** Seeds libtorch's one generator, from which dropout draws, for the whole process. */
  public static void reseed(long seed) {
    JniUtils.setSeed(seed);
  }

  /**
   * Gives what libtorch has freed back to the system. glibc keeps it for what comes next, but cut
   * up by what is still in use: after 120 trainings in one process 1.5 of 4.2 GB. Does nothing with
   * another C library.
   */
  public static void giveBackMemory() {
    if (!Platform.isLinux()) {
      return;
    }
    try {
      Function.getFunction(Platform.C_LIBRARY_NAME, "malloc_trim").invokeInt(new Object[] {0L});
    } catch (UnsatisfiedLinkError e) {
      LOG.debug("this C library gives memory back by itself, or not at all", e);
    }
  }

  /** An array in libtorch's own memory with a copy of {@code values}, row-major. */
  public static NDArray own(NDManager manager, float[] values, long... shape) {
    return owned(
        manager,
        DataType.FLOAT32,
        (long) values.length * Float.BYTES,
        scratch -> scratch.write(0, values, 0, values.length),
        shape);
  }

  /** As {@link #own(NDManager, float[], long...)}, for indices. */
  public static NDArray own(NDManager manager, long[] values, long... shape) {
    return owned(
        manager,
        DataType.INT64,
        (long) values.length * Long.BYTES,
        scratch -> scratch.write(0, values, 0, values.length),
        shape);
  }

  /**
   * By way of memory that is freed here. {@code NDManager.create} of a Java array takes a direct
   * buffer each time, and the collector, which sees a small object, frees it when it happens to
   * run: up to as much as the heap, all adapters of all steps since.
   *
   * <p>On a GPU the array is a copy already: the device cannot read the processor's memory.
   */
  private static NDArray owned(
      NDManager manager, DataType type, long bytes, Consumer<Memory> copy, long... shape) {
    try (Memory scratch = new Memory(bytes)) {
      copy.accept(scratch);
      NDArray created = manager.create(scratch.getByteBuffer(0, bytes), new Shape(shape), type);
      if (manager.getDevice().isGpu()) {
        return created;
      }
      try (NDArray alias = created) {
        return alias.duplicate();
      }
    }
  }

  /** A scalar in libtorch's own memory: the safe right-hand side of a differentiable operator. */
  public static NDArray constant(NDManager manager, double value) {
    return manager.full(new Shape(), (float) value, DataType.FLOAT32);
  }

  /**
   * Switches gradients on for this thread, until closed. Fresh threads of libtorch record
   * gradients, so inference switches them off.
   */
  public static GradientMode gradients(boolean on) {
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(on);
    return new GradientMode(on, before);
  }

  /** Adds the gradients of a scalar loss to the leaves it was computed from. */
  public static void backward(NDArray loss) {
    try (NDArray one = loss.getManager().ones(loss.getShape(), DataType.FLOAT32)) {
      JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
    }
  }

  /**
   * A thread's gradient mode; closing it restores the one before.
   *
   * @param on whether gradients are recorded
   * @param before whether they were
   */
  public record GradientMode(boolean on, boolean before) implements AutoCloseable {
    @Override
    public void close() {
      JniUtils.setGradMode(before);
    }
  }
}
