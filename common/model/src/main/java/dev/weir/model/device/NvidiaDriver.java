package dev.weir.model.device;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What NVIDIA's driver shows to this process; asking loads the driver alone. */
public final class NvidiaDriver {

  private static final Logger LOG = LoggerFactory.getLogger(NvidiaDriver.class);
  private static final int SUCCESS = 0;
  private static final int NAME_BYTES = 256;

  private NvidiaDriver() {}

  /** GPUs that this process may use; empty when there is no driver. */
  public static OptionalInt devices() {
    try {
      NativeLibrary driver = driver();
      int[] count = new int[1];
      int result = driver.getFunction("cuInit").invokeInt(new Object[] {0});
      if (result == SUCCESS) {
        result = driver.getFunction("cuDeviceGetCount").invokeInt(new Object[] {count});
      }
      if (result != SUCCESS) {
        LOG.info("the NVIDIA driver answers with error {}", result);
        return OptionalInt.of(0);
      }
      return OptionalInt.of(count[0]);
    } catch (UnsatisfiedLinkError e) {
      LOG.debug("no NVIDIA driver", e);
      return OptionalInt.empty();
    }
  }

  /** What the first GPU is called; only where there is one. */
  public static String deviceName() {
    byte[] name = new byte[NAME_BYTES];
    int result =
        driver().getFunction("cuDeviceGetName").invokeInt(new Object[] {name, name.length, 0});
    return result == SUCCESS ? Native.toString(name, StandardCharsets.UTF_8) : "GPU 0";
  }

  private static NativeLibrary driver() {
    return NativeLibrary.getInstance(Platform.isWindows() ? "nvcuda" : "cuda");
  }
}
