package dev.weir.standalone.loop;

import dev.weir.store.artifact.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directory that holds all of a loop's state. */
final class DataDirectory {

  private static final Logger LOG = LoggerFactory.getLogger(DataDirectory.class);

  /** Kafka's segments and index files, and two artifacts with a merged model each. */
  static final long MIN_FREE_BYTES = 1L << 30;

  /** What is under it. */
  static final String KAFKA = "kafka";

  static final String ADAPTERS = "adapters";
  static final String STREAMS = "streams";
  static final String SERVING_CACHE = "serving-cache";

  private static final List<String> PARTS = List.of(KAFKA, ADAPTERS, STREAMS, SERVING_CACHE);

  private DataDirectory() {}

  /**
   * Creates the directory, for its owner alone, and checks that it can be written and has room.
   *
   * <p>Kafka's logs have people's reviews in files that everybody may read, so nobody else may
   * enter the directories. One that was there before is left as it is: it may be shared on purpose.
   * But the parts in it, which only Weir makes, are closed.
   *
   * @throws StoreException naming what is wrong and the remedy
   */
  static void prepare(Path directory) {
    try {
      create(directory);
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

  private static void create(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Path parent = directory.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.createDirectory(directory);
      close(directory);
    }
    for (String part : PARTS) {
      Path path = directory.resolve(part);
      Files.createDirectories(path);
      close(path);
    }
  }

  /** Does nothing on file systems that know no such permissions. */
  private static void close(Path directory) {
    PosixFileAttributeView view =
        Files.getFileAttributeView(directory, PosixFileAttributeView.class);
    if (view != null) {
      try {
        view.setPermissions(PosixFilePermissions.fromString("rwx------"));
      } catch (IOException e) {
        // Somebody else's, which this process may write to nevertheless.
        LOG.warn("others may read {}, and its permissions cannot be changed: {}", directory, e);
      }
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
