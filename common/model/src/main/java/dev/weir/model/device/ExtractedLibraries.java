package dev.weir.model.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The temporary directory that ONNX Runtime unpacks its libraries into.
 *
 * <p>The runtime asks the JVM to delete the directory first and the files in it afterwards, so an
 * empty directory stays behind every process. Where this process's own one can be told, on Linux,
 * it is removed at the exit: loaded libraries do not need their files any more.
 */
final class ExtractedLibraries {

  private static final Logger LOG = LoggerFactory.getLogger(ExtractedLibraries.class);
  private static final Path MAPS = Path.of("/proc/self/maps");
  private static final String DIRECTORY = "onnxruntime-java";

  private ExtractedLibraries() {}

  /** Removes them when the process ends; to be called when they are loaded. */
  static void removeAtExit() {
    directory()
        .ifPresent(
            found ->
                Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> remove(found), "remove-libraries")));
  }

  private static Optional<Path> directory() {
    if (!Files.isReadable(MAPS)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(MAPS)) {
      return lines
          .filter(line -> line.contains("/" + DIRECTORY) && line.contains("onnxruntime4j_jni"))
          .map(line -> Path.of(line.substring(line.indexOf('/'))).getParent())
          .filter(path -> path != null && path.getFileName().toString().startsWith(DIRECTORY))
          .findFirst();
    } catch (IOException e) {
      LOG.debug("the runtime's temporary directory is not known", e);
      return Optional.empty();
    }
  }

  private static void remove(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : List.copyOf(files.toList())) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      LOG.debug("{} is not removed", directory, e);
    }
  }
}
