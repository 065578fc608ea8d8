package dev.weir.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A directory that is gone with its contents when it is closed, or when the process is ended. */
public final class TemporaryDirectory implements AutoCloseable {
  private final Path path;
  private final Thread atExit;

  private TemporaryDirectory(Path path) {
    this.path = path;
    this.atExit = new Thread(this::delete, "temporary-directory-end");
  }

  /** Makes one under the JVM's temporary directory. */
  public static TemporaryDirectory create(String prefix) throws IOException {
    TemporaryDirectory directory = new TemporaryDirectory(Files.createTempDirectory(prefix));
    Runtime.getRuntime().addShutdownHook(directory.atExit);
    return directory;
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  @Override
  public void close() {
    delete();
    Runtime.getRuntime().removeShutdownHook(atExit);
  }

  private void delete() {
    try (Stream<Path> walk = Files.walk(path)) {
      for (Path each : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (IOException | UncheckedIOException e) {
      System.err.println(path + " is not removed whole: " + e);
    }
  }
}
