package dev.weir.store.artifact;

import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.Manifest;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a remote store has on this machine's disk: {@code directory/digest/} for fetched artifacts,
 * {@code directory/.staging/} for those on their way out.
 *
 * <p>Bounded: before a download makes it too large, artifacts go, the one not read for the longest
 * time first; one that was read within the last ten minutes stays, for its reader may still be at
 * it. Downloads wait for each other. Thread-safe.
 */
final class StoreCache {

  private static final String STAGING = ".staging";
  private static final String PART = ".part";
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  /** Reading and checking an artifact takes seconds. */
  private static final Duration BEING_READ = Duration.ofMinutes(10);

  private final Path directory;
  private final long mostBytes;
  private final Clock clock;

  StoreCache(Path directory, long mostBytes, Clock clock) {
    this.directory = directory.toAbsolutePath().normalize();
    this.mostBytes = mostBytes;
    this.clock = clock;
  }

  /** Brings one file of an artifact, to go on behind what {@code target} holds already. */
  @FunctionalInterface
  interface Download {
    void bring(Manifest manifest, String digest, String name, Path target);
  }

  Path stage() {
    try {
      return Files.createDirectories(
          directory.resolve(STAGING).resolve(UUID.randomUUID().toString()));
    } catch (IOException e) {
      throw failed("create a staging directory in", e);
    }
  }

  /** Removes staged directories that nobody has written to since {@code limit}. */
  int sweep(Instant limit) {
    Path staging = directory.resolve(STAGING);
    if (!Files.isDirectory(staging)) {
      return 0;
    }
    int removed = 0;
    for (Path each : entries(staging)) {
      if (lastWritten(each).isBefore(limit)) {
        delete(each);
        removed++;
      }
    }
    return removed;
  }

  /**
   * A directory with the manifest, its signature if there is one, and the wanted files, all
   * checked.
   *
   * @param digest of the manifest
   * @param bytes the manifest itself
   */
  synchronized Path fill(
      String digest, Manifest manifest, byte[] bytes, Predicate<String> wanted, Download download) {
    Path artifact = directory.resolve(digest);
    try {
      Files.createDirectories(artifact);
      replace(part(artifact, Manifest.FILE), artifact.resolve(Manifest.FILE), bytes);
      for (String name : manifest.files().keySet()) {
        if (wanted.test(name)) {
          bring(manifest, digest, name, artifact, download);
        }
      }
      bringSignature(manifest, digest, artifact, download);
      Files.setLastModifiedTime(artifact, FileTime.from(clock.instant()));
    } catch (IOException e) {
      throw failed("write to", e);
    }
    String found = ArtifactFiles.verify(manifest.id(), artifact, wanted);
    if (!found.equals(digest)) {
      throw ArtifactFiles.digestMismatch(manifest.id(), found, digest);
    }
    return artifact;
  }

  private void bring(
      Manifest manifest, String digest, String name, Path artifact, Download download)
      throws IOException {
    Manifest.FileEntry entry = manifest.files().get(name);
    Path file = artifact.resolve(name);
    if (entry == null || whole(file, entry)) {
      return;
    }
    Files.deleteIfExists(file);
    Path part = part(artifact, name);
    makeRoom(artifact, entry.bytes() - (Files.exists(part) ? Files.size(part) : 0));
    download.bring(manifest, digest, name, part);
    if (!whole(part, entry)) {
      // Not by resuming: what is wrong stays wrong, and has to come anew.
      Files.deleteIfExists(part);
      throw new StoreException(
          "checksum-mismatch",
          "%s of adapter %s came with other bytes than its manifest says; the object is damaged: publish a new version"
              .formatted(name, manifest.id()),
          null);
    }
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Comes each time, for it may have been made since; others may be reading the one before. */
  private static void bringSignature(
      Manifest manifest, String digest, Path artifact, Download download) throws IOException {
    Path part = part(artifact, Manifest.SIGNATURE);
    Path signature = artifact.resolve(Manifest.SIGNATURE);
    Files.deleteIfExists(part);
    download.bring(manifest, digest, Manifest.SIGNATURE, part);
    if (Files.exists(part)) {
      Files.move(part, signature, StandardCopyOption.ATOMIC_MOVE);
    } else {
      Files.deleteIfExists(signature);
    }
  }

  private static void replace(Path part, Path file, byte[] bytes) throws IOException {
    if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), bytes)) {
      Files.write(part, bytes);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** No file of a manifest begins with a dot. */
  private static Path part(Path artifact, String name) {
    return artifact.resolve("." + name + PART);
  }

  private static boolean whole(Path file, Manifest.FileEntry entry) throws IOException {
    return Files.isRegularFile(file)
        && Files.size(file) == entry.bytes()
        && Digests.sha256(file).equals(entry.sha256());
  }

  private void makeRoom(Path keep, long bytes) throws IOException {
    List<Path> artifacts =
        entries(directory).stream()
            .filter(each -> DIGEST.matcher(each.getFileName().toString()).matches())
            .sorted(Comparator.comparing(StoreCache::lastRead))
            .toList();
    long taken = artifacts.stream().mapToLong(StoreCache::size).sum();
    Instant limit = clock.instant().minus(BEING_READ);
    for (Path each : artifacts) {
      if (taken + bytes <= mostBytes) {
        return;
      }
      if (!each.equals(keep) && lastRead(each).toInstant().isBefore(limit)) {
        taken -= size(each);
        delete(each);
      }
    }
    FileStore disk = Files.getFileStore(directory);
    if (taken + bytes > mostBytes) {
      throw new StoreException(
          "store-io",
          "%d bytes are to come and %d are in use in %s, the limit is %d (the disk has %d left); raise WEIR_S3_CACHE_MB"
              .formatted(bytes, taken, directory, mostBytes, disk.getUsableSpace()),
          null);
    }
  }

  /** Removes a directory and what is in it. */
  void delete(Path artifact) {
    try (Stream<Path> walk = Files.walk(artifact)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      return; // Another process removed it.
    } catch (IOException e) {
      throw failed("remove " + artifact.getFileName() + " from", e);
    }
  }

  private static List<Path> entries(Path directory) {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static Instant lastWritten(Path staged) {
    return Stream.concat(Stream.of(staged), entries(staged).stream())
        .map(path -> lastRead(path).toInstant())
        .max(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  private static FileTime lastRead(Path path) {
    try {
      return Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      return FileTime.from(Instant.EPOCH); // Gone already.
    }
  }

  private static long size(Path artifact) {
    return entries(artifact).stream().mapToLong(file -> file.toFile().length()).sum();
  }

  private StoreException failed(String doing, IOException cause) {
    return new StoreException(
        "store-io",
        "cannot %s %s: %s; check the disk's free space and the directory's rights (WEIR_S3_CACHE_DIR)"
            .formatted(doing, directory, cause),
        cause);
  }
}
