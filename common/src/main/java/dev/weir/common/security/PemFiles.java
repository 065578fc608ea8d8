package dev.weir.common.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys and certificates in PEM files (RFC 7468): PKCS #8 private keys without a password, public
 * keys as SubjectPublicKeyInfo, and X.509 certificates.
 *
 * <p>Whatever cannot be used is an {@link IllegalArgumentException} that names the file and the
 * remedy, and never repeats what the file holds.
 */
public final class PemFiles {

  /** More than any chain of certificates takes; a larger file is something else. */
  private static final int MOST_BYTES = 1 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519");

  private PemFiles() {}

  /** The one private key in a file. */
  public static PrivateKey privateKey(Path file) {
    List<Block> blocks = blocks(file);
    List<Block> keys =
        blocks.stream().filter(block -> block.type().endsWith("PRIVATE KEY")).toList();
    if (keys.size() != 1) {
      throw refused(file, "has %d private keys, accepted is exactly one".formatted(keys.size()));
    }
    if (!keys.get(0).type().equals("PRIVATE KEY")) {
      throw refused(
          file,
          "has a '%s', accepted is PKCS #8 without a password ('PRIVATE KEY'); convert it with openssl pkcs8 -topk8 -nodes"
              .formatted(keys.get(0).type()));
    }
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(keys.get(0).bytes());
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
      } catch (InvalidKeySpecException e) {
        // The encoding names its algorithm, and each factory knows its own alone: on to the next.
      } catch (GeneralSecurityException e) {
        throw refused(file, "cannot be used on this JDK: " + e.getMessage());
      }
    }
    throw refused(file, "has a private key that is none of " + String.join(", ", ALGORITHMS));
  }

  /** The public keys in a file, at least one, all of one algorithm of the JDK. */
  public static List<PublicKey> publicKeys(Path file, String algorithm) {
    List<PublicKey> keys = new ArrayList<>();
    for (Block block : blocks(file)) {
      if (!block.type().equals("PUBLIC KEY")) {
        throw refused(file, "has a '%s', accepted are public keys".formatted(block.type()));
      }
      try {
        keys.add(
            KeyFactory.getInstance(algorithm)
                .generatePublic(new X509EncodedKeySpec(block.bytes())));
      } catch (GeneralSecurityException e) {
        throw refused(file, "has a public key that is not " + algorithm);
      }
    }
    if (keys.isEmpty()) {
      throw refused(file, "has no public key");
    }
    return List.copyOf(keys);
  }

  /** A certificate chain, the server's own first. */
  public static List<X509Certificate> certificates(Path file) {
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> chain =
          factory.generateCertificates(new ByteArrayInputStream(read(file))).stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (chain.isEmpty()) {
        throw refused(file, "has no certificate");
      }
      return chain;
    } catch (CertificateException e) {
      throw refused(file, "is no chain of X.509 certificates in PEM");
    }
  }

  /** A block as it is written to a file. */
  public static String block(String type, byte[] bytes) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n";
  }

  private record Block(String type, String base64) {
    byte[] bytes() {
      return Base64.getMimeDecoder().decode(base64);
    }
  }

  private static List<Block> blocks(Path file) {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(new String(read(file), StandardCharsets.US_ASCII));
    while (matcher.find()) {
      Block block = new Block(matcher.group(1), matcher.group(2));
      try {
        byte[] unused = block.bytes();
      } catch (IllegalArgumentException e) {
        throw refused(file, "has a block '%s' that is no base64".formatted(block.type()));
      }
      blocks.add(block);
    }
    return blocks;
  }

  private static byte[] read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw refused(file, "is larger than 1 MiB, so it is no PEM file of keys");
      }
      return bytes;
    } catch (IOException e) {
      throw new IllegalArgumentException("names '" + file + "', which cannot be read: " + e, e);
    }
  }

  private static IllegalArgumentException refused(Path file, String problem) {
    return new IllegalArgumentException("names '" + file + "', which " + problem);
  }
}
