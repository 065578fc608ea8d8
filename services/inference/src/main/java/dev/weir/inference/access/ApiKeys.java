package dev.weir.inference.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys that a server accepts. Immutable. */
public final class ApiKeys {

  private final List<ApiKey> keys;
  private final List<byte[]> digests;

  /** Those keys. */
  public ApiKeys(List<ApiKey> keys) {
    this.keys = List.copyOf(keys);
    this.digests = keys.stream().map(key -> HexFormat.of().parseHex(key.sha256())).toList();
  }

  /**
   * Reads a keys file: one key per line, {@code #} begins a comment.
   *
   * @throws IllegalArgumentException listing every bad line; no line's digest is repeated
   */
  public static ApiKeys read(Path file) {
    List<ApiKey> keys = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    Set<String> names = new HashSet<>();
    List<String> lines = lines(file);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).split("#", 2)[0].strip();
      if (line.isEmpty()) {
        continue;
      }
      try {
        ApiKey key = ApiKey.parse(line);
        if (!names.add(key.name())) {
          throw new IllegalArgumentException("'" + key.name() + "' has a line already");
        }
        keys.add(key);
      } catch (IllegalArgumentException e) {
        problems.add("line " + (i + 1) + ": " + e.getMessage());
      }
    }
    if (problems.isEmpty() && keys.isEmpty()) {
      problems.add("it has no key; make one with weir keys new");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          "names '" + file + "', which cannot be used: " + String.join("; ", problems));
    }
    return new ApiKeys(keys);
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (IOException | UncheckedIOException e) {
      throw new IllegalArgumentException("names '" + file + "', which cannot be read: " + e, e);
    }
  }

  /**
   * The key that a client has shown. How long that takes tells nothing of the keys: what came is
   * hashed, and compared with all of them, each in constant time.
   */
  public Optional<ApiKey> match(String shown) {
    byte[] digest = ApiKey.digest(shown);
    @Nullable ApiKey found = null;
    for (int i = 0; i < digests.size(); i++) {
      if (MessageDigest.isEqual(digests.get(i), digest)) {
        found = keys.get(i);
      }
    }
    return Optional.ofNullable(found);
  }

  /** How many there are. */
  public int size() {
    return keys.size();
  }
}
