package dev.weir.store.artifact;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Limits;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * An artifact store on a file system: {@code root/adapter/version/}.
 *
 * <p>An artifact is staged under {@code root/.staging}, every file and directory is forced to disk,
 * then the directory is renamed: readers see all of it or nothing, also after a crash.
 */
public final class FileArtifactStore implements ArtifactStore {

  private static final String STAGING = ".staging";

  /** Staging takes as long as writing the files and judging them, which is minutes. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path root;
  private final Clock clock;

  /** A store under {@code root}, which is created when first written to. */
  public FileArtifactStore(Path root) {
    this(root, Clock.systemUTC());
  }

  FileArtifactStore(Path root, Clock clock) {
    this.root = root.toAbsolutePath().normalize();
    this.clock = clock;
  }

  @Override
  public Path stage() {
    try {
      return Files.createDirectories(root.resolve(STAGING).resolve(UUID.randomUUID().toString()));
    } catch (IOException e) {
      throw failed("create a staging directory in", root, e);
    }
  }

  @Override
  public void discard(Path staged) {
    try {
      deleteTree(staged);
    } catch (IOException e) {
      throw failed("remove", staged, e);
    }
  }

  @Override
  public int sweep() {
    Path staging = root.resolve(STAGING);
    if (!Files.isDirectory(staging)) {
      return 0;
    }
    Instant limit = clock.instant().minus(ABANDONED);
    int removed = 0;
    try (Stream<Path> entries = Files.list(staging)) {
      for (Path entry : entries.toList()) {
        if (lastWritten(entry).isBefore(limit)) {
          deleteTree(entry);
          removed++;
        }
      }
      return removed;
    } catch (IOException e) {
      throw failed("clean up", staging, e);
    }
  }

  private static Instant lastWritten(Path directory) throws IOException {
    Instant last = Instant.EPOCH;
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path path : walk.toList()) {
        Instant written = Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS).toInstant();
        last = written.isAfter(last) ? written : last;
      }
      return last;
    } catch (NoSuchFileException | UncheckedIOException e) {
      return Instant.MAX; // Its owner lives: it has just removed something.
    }
  }

  @Override
  public String publish(AdapterId id, Path staged) {
    String digest = ArtifactFiles.verify(id, staged, name -> true);
    Path versions = root.resolve(id.adapter());
    Path target = directory(id);
    try {
      Optional<String> present = digest(id);
      if (present.isPresent()) {
        return alreadyThere(id, staged, digest, present.get());
      }
      force(staged);
      Files.createDirectories(versions);
      try {
        Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (FileSystemException e) {
        // Another process was faster; the same bytes are welcome. Not every system says it by a
        // type of its own.
        String other = digest(id).orElseThrow(() -> failed("publish " + id + " in", target, e));
        return alreadyThere(id, staged, digest, other);
      }
      forceDirectory(versions);
      forceDirectory(root);
      return digest;
    } catch (IOException e) {
      throw failed("publish " + id + " in", target, e);
    }
  }

  private String alreadyThere(AdapterId id, Path staged, String digest, String present)
      throws IOException {
    if (!present.equals(digest)) {
      throw ArtifactFiles.versionTaken(id, present, digest);
    }
    deleteTree(staged);
    return digest;
  }

  @Override
  public Path fetch(AdapterId id, String digest, Predicate<String> wanted) {
    Path directory = directory(id);
    if (!Files.isDirectory(directory)) {
      throw new StoreException(
          "artifact-missing",
          "adapter "
              + id
              + " is not in the store at "
              + root
              + "; check that trainer and inference share WEIR_STORE_DIR",
          null);
    }
    String found = ArtifactFiles.verify(id, directory, wanted);
    if (!found.equals(digest)) {
      throw ArtifactFiles.digestMismatch(id, found, digest);
    }
    return directory;
  }

  @Override
  public Optional<String> digest(AdapterId id) {
    Path manifest = directory(id).resolve(Manifest.FILE);
    if (!Files.isRegularFile(manifest)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Digests.sha256(manifest));
    } catch (IOException e) {
      throw failed("read", manifest, e);
    }
  }

  @Override
  public Optional<Manifest> manifest(AdapterId id) {
    Path directory = directory(id);
    return Files.isDirectory(directory)
        ? Optional.of(ArtifactFiles.read(id, directory))
        : Optional.empty();
  }

  @Override
  public List<AdapterId> versions(String adapter) {
    Path directory = root.resolve(new AdapterId(adapter, 1).adapter());
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> name.matches("[1-9]\\d{0,8}"))
          .map(name -> new AdapterId(adapter, Integer.parseInt(name)))
          .sorted(Comparator.comparingInt(AdapterId::version))
          .toList();
    } catch (IOException e) {
      throw failed("list", directory, e);
    }
  }

  @Override
  public List<String> adapters() {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(root)) {
      return entries
          .filter(Files::isDirectory)
          .map(entry -> entry.getFileName().toString())
          .filter(name -> Limits.ADAPTER_NAME.matcher(name).matches())
          .filter(name -> !versions(name).isEmpty())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw failed("list", root, e);
    }
  }

  @Override
  public Optional<Installation> owner() {
    Path marker = root.resolve(OWNER);
    try {
      return Optional.of(ArtifactFiles.owner(Files.readAllBytes(marker), marker.toString()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failed("read", marker, e);
    }
  }

  @Override
  public Installation claim(Installation owner) {
    Optional<Installation> present = owner();
    if (present.isPresent()) {
      return present.get();
    }
    Path marker = root.resolve(OWNER);
    Path staged = stage();
    try {
      Path written = Files.write(staged.resolve(OWNER), EventJson.write(owner));
      force(staged);
      try {
        // A link fails if there is a marker already, and its content is whole from the start.
        Files.createLink(marker, written);
      } catch (FileAlreadyExistsException e) {
        return owner().orElseThrow(() -> failed("claim", root, e));
      } catch (UnsupportedOperationException | FileSystemException e) {
        Files.copy(written, marker); // This file system has no links. A copy replaces nothing.
      }
      forceDirectory(root);
      return owner().orElse(owner);
    } catch (FileAlreadyExistsException e) {
      return owner().orElseThrow(() -> failed("claim", root, e));
    } catch (IOException e) {
      throw failed("claim", root, e);
    } finally {
      discard(staged);
    }
  }

  @Override
  public void delete(AdapterId id) {
    Path directory = directory(id);
    if (!Files.isDirectory(directory)) {
      return;
    }
    // Out of sight first, so that no reader finds half of it.
    Path staging = root.resolve(STAGING);
    Path gone = staging.resolve("deleted-" + UUID.randomUUID());
    try {
      Files.createDirectories(staging);
      Files.move(directory, gone, StandardCopyOption.ATOMIC_MOVE);
      deleteTree(gone);
    } catch (IOException e) {
      throw failed("delete", directory, e);
    }
  }

  @Override
  public void close() {}

  private Path directory(AdapterId id) {
    return root.resolve(id.adapter()).resolve(Integer.toString(id.version()));
  }

  private static void force(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
    forceDirectory(directory);
  }

  private static void forceDirectory(Path directory) throws IOException {
    if (java.io.File.separatorChar == '\\') {
      return; // Windows cannot open a directory; its file system journals renames itself.
    }
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(directory)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause(); // Another process removes the same.
    }
  }

  private static StoreException failed(String doing, Path where, IOException cause) {
    String why = cause instanceof FileSystemException ? cause.toString() : cause.getMessage();
    return new StoreException(
        "store-io",
        "cannot "
            + doing
            + " "
            + where
            + ": "
            + why
            + "; check the disk's free space and the directory's rights",
        cause);
  }
}
