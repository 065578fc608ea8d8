package dev.weir.standalone;

import dev.weir.contract.fault.WeirException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directory that native libraries are unpacked into: it has to be writable, and its mount has
 * to let programs run.
 */
final class TemporaryDirectory {

  /** What to do when it is not. */
  static final String REMEDY =
      "is it mounted noexec? Name another with JAVA_OPTS=-Djava.io.tmpdir=DIR";

  /** Commands that load native libraries. */
  private static final Set<String> LOADING =
      Set.of("demo", "up", "curation", "trainer", "inference", "train", "eval");

  private TemporaryDirectory() {}

  /** Checks it before a command that needs it, with one clear line in place of a native error. */
  static void checkFor(String command) {
    if (LOADING.contains(command)) {
      check(Path.of(System.getProperty("java.io.tmpdir")));
    }
  }

  static void check(Path directory) {
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    try {
      FileAttribute<?>[] executable =
          posix
              ? new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
              }
              : new FileAttribute<?>[0];
      Path probe = Files.createTempFile(directory, "weir-probe", null, executable);
      try {
        if (posix && !Files.isExecutable(probe)) {
          throw new UnusableException(
              "the temporary directory %s lets no native library run; %s"
                  .formatted(directory, REMEDY),
              null);
        }
      } finally {
        Files.delete(probe);
      }
    } catch (IOException e) {
      throw new UnusableException(
          "the temporary directory %s cannot be written (%s); make it writable, or name another with JAVA_OPTS=-Djava.io.tmpdir=DIR"
              .formatted(directory, e.getClass().getSimpleName()),
          e);
    }
  }

  /** The directory is no good. */
  static final class UnusableException extends WeirException {
    private static final long serialVersionUID = 1L;

    UnusableException(String problem, @Nullable Throwable cause) {
      super("temporary-directory", problem, cause);
    }
  }
}
