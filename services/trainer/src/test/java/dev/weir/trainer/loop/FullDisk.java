package dev.weir.trainer.loop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Real "no space left on device" errors, from the device that Linux has for that. */
public final class FullDisk {

  private static final Path FULL = Path.of("/dev/full");

  private FullDisk() {}

  /** Whatever is written to {@code file} from now on fails; skips the test where that cannot be. */
  public static void at(Path file) {
    assume();
    try {
      Files.createSymbolicLink(file, FULL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Skips the test on an operating system without such a device. */
  public static void assume() {
    Assumptions.assumeTrue(Files.isWritable(FULL), "there is no " + FULL);
  }
}
