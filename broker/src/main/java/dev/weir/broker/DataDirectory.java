package dev.weir.broker;

import dev.weir.broker.BrokerStartException.Reason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which one broker keeps its data, checked before Kafka sees it: Kafka's own
 * answer to an unusable directory is to exit the process.
 *
 * <p>{@link #claim} takes the directory for this process and {@link #release} gives it back. The
 * lock between processes is Kafka's own {@code .lock} file. Within the process a set of claimed
 * directories decides first, because on POSIX merely closing a second channel on {@code .lock}
 * would drop the lock of the broker that holds it.
 */
final class DataDirectory {
  private static final long MIN_FREE_BYTES = 256L << 20;
  private static final Set<Path> CLAIMED = ConcurrentHashMap.newKeySet();

  private final Path path;

  private DataDirectory(Path path) {
    this.path = path;
  }

  /** Creates the directory where it is absent, checks it, and takes it for this process. */
  static DataDirectory claim(Path requested) {
    Path path = createWritable(requested);
    if (!CLAIMED.add(path)) {
      throw locked(path, "another broker in this process");
    }
    try {
      requireUnlocked(path);
      requireSpace(path, Files.getFileStore(path).getUsableSpace());
      requireOwn(path);
      return new DataDirectory(path);
    } catch (IOException e) {
      CLAIMED.remove(path);
      throw unusable(path, "cannot be read (" + e + ")", e);
    } catch (RuntimeException e) {
      CLAIMED.remove(path);
      throw e;
    }
  }

  Path path() {
    return path;
  }

  boolean isFormatted() {
    return Files.exists(path.resolve("meta.properties"));
  }

  void release() {
    CLAIMED.remove(path);
  }

  private static Path createWritable(Path requested) {
    Path path = requested.toAbsolutePath().normalize();
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw unusable(path, "is a file, not a directory", null);
    }
    try {
      Path real = Files.createDirectories(path).toRealPath();
      Files.delete(Files.createTempFile(real, ".probe", ""));
      return real;
    } catch (IOException e) {
      throw unusable(path, "is not writable (" + e + ")", e);
    }
  }

  private static void requireUnlocked(Path path) throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock == null) {
        throw locked(path, "another process");
      }
    }
  }

  static void requireSpace(Path path, long usableBytes) {
    if (usableBytes < MIN_FREE_BYTES) {
      throw new BrokerStartException(
          Reason.DISK_FULL,
          String.format(
              "data directory %s has %d MiB of disk space left, the broker needs %d MiB;"
                  + " free some or choose another with --data-dir",
              path, usableBytes >> 20, MIN_FREE_BYTES >> 20));
    }
  }

  /**
   * Kafka takes every subdirectory for a partition, so a directory of something else is refused.
   */
  private static void requireOwn(Path path) throws IOException {
    if (Files.exists(path.resolve("meta.properties"))) {
      return;
    }
    try (Stream<Path> entries = Files.list(path)) {
      List<String> foreign =
          entries
              .map(entry -> entry.getFileName().toString())
              .filter(name -> !leftByUnfinishedFormat(name))
              .limit(1)
              .toList();
      if (!foreign.isEmpty()) {
        throw unusable(path, "holds other files (" + foreign.get(0) + ")", null);
      }
    }
  }

  private static boolean leftByUnfinishedFormat(String name) {
    return name.equals(".lock")
        || name.startsWith("bootstrap.checkpoint")
        || name.startsWith("meta.properties")
        || name.startsWith("__cluster_metadata");
  }

  private static BrokerStartException locked(Path path, String holder) {
    return new BrokerStartException(
        Reason.DATA_DIR_LOCKED,
        "data directory "
            + path
            + " is in use by "
            + holder
            + "; stop that one or choose another with --data-dir");
  }

  private static BrokerStartException unusable(
      Path path, String problem, @Nullable IOException cause) {
    return new BrokerStartException(
        Reason.DATA_DIR_UNUSABLE,
        "data directory "
            + path
            + " "
            + problem
            + "; choose an empty, writable directory with --data-dir",
        cause);
  }
}
