package dev.weir.standalone.loop;

import dev.weir.common.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** The directory that holds all of a loop's state. */
final class DataDirectory {

  /** Kafka's segments and index files, and two artifacts with a merged model each. */
  static final long MIN_FREE_BYTES = 1L << 30;

  private DataDirectory() {}

  /**
   * Creates the directory and checks that it can be written and has room.
   *
   * @throws StoreException naming what is wrong and the remedy
   */
  static void prepare(Path directory) {
    try {
      Files.createDirectories(directory);
      Path probe = Files.createTempFile(directory, ".probe", null);
      Files.delete(probe);
      check(directory, Files.getFileStore(directory).getUsableSpace());
    } catch (IOException e) {
      throw new StoreException(
          "data-dir-unusable",
          "cannot write to the data directory "
              + directory
              + " ("
              + e
              + "); make it writable, or pick another with --data-dir",
          e);
    }
  }

  static void check(Path directory, long freeBytes) {
    if (freeBytes < MIN_FREE_BYTES) {
      throw new StoreException(
          "data-dir-full",
          "the data directory %s has %d MiB free, at least %d MiB are needed; free some space, or pick another disk with --data-dir"
              .formatted(directory, freeBytes >> 20, MIN_FREE_BYTES >> 20),
          null);
    }
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
