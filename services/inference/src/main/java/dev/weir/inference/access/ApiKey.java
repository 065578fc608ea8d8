package dev.weir.inference.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One client's key, as a server knows it: by its digest, not by itself.
 *
 * <p>Keys are 256 random bits, so a plain SHA-256 suffices; it needs no salt and no slow function,
 * which are for passwords that people choose.
 *
 * @param name who it was given to, for logs and limits
 * @param scopes what it is good for; at least one
 * @param sha256 digest of the key's ASCII form, in lower-case hex
 */
public record ApiKey(String name, Set<Scope> scopes, String sha256) {

  /** What a key begins with, so that scanners for leaked secrets find it. */
  public static final String PREFIX = "weir_";

  private static final int RANDOM_BYTES = 32;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SPACE = Pattern.compile("\\s+");

  /** Checks the parts. */
  public ApiKey {
    scopes = Set.copyOf(scopes);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'%s' is no name; up to 63 letters, digits, '.', '_' and '-' are".formatted(name));
    }
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException("key '" + name + "' has no scope; give it at least one");
    }
    if (!DIGEST.matcher(sha256).matches()) {
      throw new IllegalArgumentException(
          "key '%s' has no SHA-256 in lower-case hex (64 digits); make one with weir keys new"
              .formatted(name));
    }
  }

  /** A new key that nobody knows yet: what the client sends. */
  public static String random(SecureRandom random) {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** What a server is to know of a key. */
  public static ApiKey of(String name, Set<Scope> scopes, String key) {
    return new ApiKey(name, scopes, HexFormat.of().formatHex(digest(key)));
  }

  /**
   * Reads a line of a keys file: name, scopes separated by commas, digest.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static ApiKey parse(String line) {
    String[] parts = SPACE.split(line.strip());
    if (parts.length != 3) {
      throw new IllegalArgumentException(
          "has %d words, a key has three: name, scopes separated by commas, SHA-256"
              .formatted(parts.length));
    }
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (String word : parts[1].split(",", -1)) {
      scopes.add(Scope.of(word));
    }
    return new ApiKey(parts[0], scopes, parts[2]);
  }

  /** The line of a keys file. */
  public String line() {
    return name
        + " "
        + scopes.stream().sorted().map(Scope::word).collect(Collectors.joining(","))
        + " "
        + sha256;
  }

  /** Whether it is good for that. */
  public boolean allows(Scope wanted) {
    return scopes.contains(wanted) || scopes.contains(Scope.ADMIN);
  }

  static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
