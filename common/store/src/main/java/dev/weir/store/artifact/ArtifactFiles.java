package dev.weir.store.artifact;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import dev.weir.contract.topic.Installation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** An artifact's files in a directory, checked against its manifest; the same for every store. */
final class ArtifactFiles {

  /** One of thousands of input ranges takes some hundred KiB. */
  static final int MOST_MANIFEST_BYTES = 16 << 20;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  private ArtifactFiles() {}

  /**
   * The manifest in a directory.
   *
   * @throws StoreException {@code manifest-unreadable}, {@code manifest-mismatch}, {@code
   *     bad-file-name}
   */
  static Manifest read(AdapterId id, Path directory) {
    Path file = directory.resolve(Manifest.FILE);
    try (InputStream in = Files.newInputStream(file)) {
      return parse(id, in.readNBytes(MOST_MANIFEST_BYTES + 1), file.toString());
    } catch (IOException e) {
      throw new StoreException(
          "manifest-unreadable", file + " cannot be read as a manifest: " + e.getMessage(), e);
    }
  }

  /** The same for bytes that came from {@code where}. */
  static Manifest parse(AdapterId id, byte[] bytes, String where) {
    if (bytes.length > MOST_MANIFEST_BYTES) {
      throw new StoreException(
          "manifest-unreadable",
          where + " is larger than " + MOST_MANIFEST_BYTES + " bytes, so it is no manifest",
          null);
    }
    Manifest manifest;
    try {
      manifest = Objects.requireNonNull(EventJson.read(bytes, Manifest.class), "it is null");
    } catch (UncheckedIOException | NullPointerException e) {
      throw new StoreException(
          "manifest-unreadable", where + " cannot be read as a manifest: " + e.getMessage(), e);
    }
    if (manifest.format() != Manifest.FORMAT
        || !id.adapter().equals(manifest.adapter())
        || id.version() != manifest.version()) {
      throw new StoreException(
          "manifest-mismatch",
          "%s is the manifest of %s@%d in format %d, expected are %s and %d"
              .formatted(
                  where,
                  manifest.adapter(),
                  manifest.version(),
                  manifest.format(),
                  id,
                  Manifest.FORMAT),
          null);
    }
    manifest.files().forEach((name, entry) -> requireSound(id, name, entry));
    return manifest;
  }

  /**
   * Reads a store's marker.
   *
   * @throws StoreException {@code store-owner-unreadable}
   */
  static Installation owner(byte[] bytes, String where) {
    try {
      return Objects.requireNonNull(EventJson.read(bytes, Installation.class), "it is null");
    } catch (RuntimeException e) {
      throw new StoreException(
          "store-owner-unreadable",
          "%s does not say whose store this is (%s); remove it to have the store claimed anew"
              .formatted(where, e.getMessage()),
          e);
    }
  }

  /** Names become paths and keys, so nothing but plain names is taken. */
  private static void requireSound(AdapterId id, String name, Manifest.FileEntry entry) {
    boolean plain =
        NAME.matcher(name).matches()
            && !name.equals(Manifest.FILE)
            && !name.equals(Manifest.SIGNATURE);
    if (!plain) {
      throw new StoreException(
          "bad-file-name",
          "the manifest of " + id + " names '" + name + "', which is not a plain file name",
          null);
    }
    if (entry == null || entry.bytes() < 0 || !DIGEST.matcher(entry.sha256()).matches()) {
      throw new StoreException(
          "manifest-unreadable",
          "the manifest of " + id + " says no length and sha-256 of " + name,
          null);
    }
  }

  /**
   * Checks the wanted files against the manifest.
   *
   * @return the manifest's digest
   */
  static String verify(AdapterId id, Path directory, Predicate<String> wanted) {
    Manifest manifest = read(id, directory);
    for (Map.Entry<String, Manifest.FileEntry> entry : manifest.files().entrySet()) {
      if (wanted.test(entry.getKey())) {
        verify(id, directory.resolve(entry.getKey()), entry.getValue());
      }
    }
    try {
      return Digests.sha256(directory.resolve(Manifest.FILE));
    } catch (IOException e) {
      throw new StoreException(
          "store-io", "cannot read " + directory + ": " + e + "; check the disk", e);
    }
  }

  private static StoreException damaged(AdapterId id, Path file, String found, String stated) {
    return new StoreException(
        "checksum-mismatch",
        "%s of adapter %s has %s, its manifest says %s; the file is damaged: restore it, or publish a new version"
            .formatted(file.getFileName(), id, found, stated),
        null);
  }

  private static void verify(AdapterId id, Path file, Manifest.FileEntry entry) {
    try {
      // The length first: a file that has grown is not read to its end to find that out.
      long bytes = Files.size(file);
      if (bytes != entry.bytes()) {
        throw damaged(id, file, bytes + " bytes", Long.toString(entry.bytes()));
      }
      String found = Digests.sha256(file);
      if (!found.equals(entry.sha256())) {
        throw damaged(id, file, "sha-256 " + found, entry.sha256());
      }
    } catch (IOException e) {
      throw new StoreException(
          "file-missing",
          "%s of adapter %s cannot be read (%s); the artifact is not whole: publish a new version"
              .formatted(file.getFileName(), id, e),
          e);
    }
  }

  static StoreException digestMismatch(AdapterId id, String found, String digest) {
    return new StoreException(
        "digest-mismatch",
        "adapter %s has manifest digest %s, its release record says %s; the artifact was changed after its release: publish a new version"
            .formatted(id, found, digest),
        null);
  }

  static StoreException versionTaken(AdapterId id, String present, String digest) {
    return new StoreException(
        "version-taken",
        "adapter %s is already published with digest %s, this one has %s; a version is for good, publish under the next number"
            .formatted(id, present, digest),
        null);
  }
}
