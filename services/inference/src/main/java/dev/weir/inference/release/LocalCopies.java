package dev.weir.inference.release;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.Manifest;
import dev.weir.model.peft.PeftFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of adapters' own files on this machine's disk, so that what was evicted from memory can be
 * loaded without the store: {@code directory/digest/}, a manifest and the files that {@link
 * PeftFiles} reads, without the merged models.
 *
 * <p>A copy is named by its manifest's digest and checked against it whenever it is read, so one of
 * another process, or of one that died, is as good as one's own. The total size is bounded; when
 * there is no room, copies of versions that are not in service go, the least recently used first.
 * Thread-safe; blocks on the disk.
 */
public final class LocalCopies {

  private static final Logger LOG = LoggerFactory.getLogger(LocalCopies.class);
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final String STAGED = ".staged-";
  private static final Duration ABANDONED = Duration.ofHours(1);

  /** What a store takes for a manifest; a larger file was put here by somebody else. */
  private static final long MOST_MANIFEST_BYTES = 16 << 20;

  private final Path directory;
  private final long mostBytes;
  private final Clock clock;
  private final Map<String, Long> bytesByDigest = new ConcurrentHashMap<>();
  private final Map<String, Path> unsaved = new ConcurrentHashMap<>();
  private volatile Supplier<Set<String>> inService = Set::of;

  /**
   * Takes over what earlier processes left in {@code directory}, which is created when the first
   * copy is made.
   *
   * @param mostBytes most bytes that all copies together may take
   */
  public LocalCopies(Path directory, long mostBytes, Clock clock) {
    this.directory = directory.toAbsolutePath().normalize();
    this.mostBytes = mostBytes;
    this.clock = clock;
  }

  /**
   * Looks for what is there.
   *
   * @param digestsInService the versions whose copies have to stay
   */
  public void open(Supplier<Set<String>> digestsInService) {
    inService = digestsInService;
    for (Path entry : entries()) {
      String name = entry.getFileName().toString();
      if (DIGEST.matcher(name).matches()) {
        bytesByDigest.put(name, size(entry));
      } else if (name.startsWith(STAGED) && abandoned(entry)) {
        delete(entry);
      }
    }
  }

  /** Whether there is a copy; it is checked only when it is read. */
  boolean has(String digest) {
    return bytesByDigest.containsKey(digest);
  }

  /** Bytes that all copies take. */
  long bytes() {
    return bytesByDigest.values().stream().mapToLong(Long::longValue).sum();
  }

  /** A directory whose files are those that the digest stands for; a damaged copy is removed. */
  Optional<Path> verified(String digest) {
    if (!has(digest)) {
      return Optional.empty();
    }
    Path copy = directory.resolve(digest);
    try {
      verify(copy, digest);
      touch(copy);
      return Optional.of(copy);
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("the copy {} is damaged and removed: {}", copy, e.toString());
      remove(digest);
      return Optional.empty();
    }
  }

  private void touch(Path copy) {
    try {
      Files.setLastModifiedTime(copy, FileTime.from(clock.instant()));
    } catch (IOException e) {
      LOG.debug("{} keeps its old time; its bytes are right", copy, e);
    }
  }

  /**
   * Copies an artifact's files unless they are here already, and those of artifacts for which there
   * was no room before. A disk that is full or broken is no fault of the adapter: it serves, and
   * cannot be evicted until a later save finds room.
   *
   * @param artifact a directory whose files were checked against {@code digest}
   */
  void save(String digest, Path artifact) {
    if (!DIGEST.matcher(digest).matches()) {
      return;
    }
    if (copied(digest, artifact)) {
      Set<String> serving = inService.get();
      unsaved.keySet().removeIf(missed -> !serving.contains(missed) || has(missed));
      for (Map.Entry<String, Path> missed : unsaved.entrySet()) {
        if (!copied(missed.getKey(), missed.getValue())) {
          return; // The disk is full again.
        }
      }
    }
  }

  private boolean copied(String digest, Path artifact) {
    if (has(digest)) {
      return true;
    }
    Path staged = directory.resolve(STAGED + UUID.randomUUID());
    try {
      Files.createDirectories(staged);
      for (String name : files(artifact)) {
        Files.copy(artifact.resolve(name), staged.resolve(name));
      }
      publish(digest, staged);
      unsaved.remove(digest);
      return true;
    } catch (IOException | UncheckedIOException e) {
      unsaved.put(digest, artifact);
      LOG.warn(
          "adapter {} has no copy in {} and cannot be evicted: {}; check the disk's space and rights, or set WEIR_SERVE_CACHE_DIR",
          digest,
          directory,
          e.toString());
      delete(staged);
      return false;
    }
  }

  private synchronized void publish(String digest, Path staged) throws IOException {
    long bytes = size(staged);
    makeRoom(bytes);
    if (bytes() + bytes > mostBytes) {
      throw new IOException(
          "copies take %d bytes and this one %d, the limit is %d; raise WEIR_SERVE_CACHE_MB"
              .formatted(bytes(), bytes, mostBytes));
    }
    Path copy = directory.resolve(digest);
    try {
      Files.move(staged, copy, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!Files.isDirectory(copy)) {
        throw e;
      }
      delete(staged); // Another process was faster; what it copied is checked when it is read.
    }
    bytesByDigest.put(digest, bytes);
  }

  private void makeRoom(long bytes) {
    if (bytes() + bytes <= mostBytes) {
      return;
    }
    Set<String> keep = inService.get();
    List<String> oldest =
        bytesByDigest.keySet().stream()
            .filter(digest -> !keep.contains(digest))
            .sorted(Comparator.comparing(digest -> lastUsed(directory.resolve(digest))))
            .toList();
    for (String digest : oldest) {
      if (bytes() + bytes <= mostBytes) {
        return;
      }
      remove(digest);
    }
  }

  /** Forgets a copy that is not to be used. */
  void remove(String digest) {
    bytesByDigest.remove(digest);
    delete(directory.resolve(digest));
  }

  private static void verify(Path copy, String digest) throws IOException {
    Path file = copy.resolve(Manifest.FILE);
    if (Files.size(file) > MOST_MANIFEST_BYTES) {
      throw new IOException("its manifest has " + Files.size(file) + " bytes");
    }
    byte[] bytes = Files.readAllBytes(file);
    if (!Digests.sha256(bytes).equals(digest)) {
      throw new IOException("its manifest has another digest");
    }
    Manifest manifest = EventJson.read(bytes, Manifest.class);
    for (Map.Entry<String, Manifest.FileEntry> entry : manifest.files().entrySet()) {
      String name = entry.getKey();
      if (PeftFiles.FILES.contains(name)
          && !Digests.sha256(copy.resolve(name)).equals(entry.getValue().sha256())) {
        throw new IOException(name + " has another digest than its manifest says");
      }
    }
  }

  private static List<String> files(Path artifact) {
    return Stream.concat(Stream.of(Manifest.FILE, Manifest.SIGNATURE), PeftFiles.FILES.stream())
        .filter(name -> Files.isRegularFile(artifact.resolve(name)))
        .toList();
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      LOG.warn("{} cannot be listed: {}; its copies are not used", directory, e.toString());
      return List.of();
    }
  }

  /** Copying takes milliseconds: what is an hour old was left by a process that died. */
  private boolean abandoned(Path staged) {
    return lastUsed(staged).toInstant().isBefore(clock.instant().minus(ABANDONED));
  }

  private static FileTime lastUsed(Path copy) {
    try {
      return Files.getLastModifiedTime(copy);
    } catch (IOException e) {
      return FileTime.fromMillis(0); // It is gone already.
    }
  }

  private static long size(Path copy) {
    try (Stream<Path> files = Files.list(copy)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      return 0; // Gone, or about to be found damaged.
    }
  }

  private static void delete(Path copy) {
    try (Stream<Path> files = Files.list(copy)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(copy);
    } catch (NoSuchFileException e) {
      LOG.debug("{} is gone already", copy);
    } catch (IOException e) {
      LOG.warn("{} cannot be removed: {}", copy, e.toString());
    }
  }
}
