package dev.weir.service.security;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/**
 * Keys and certificates in PEM files (RFC 7468): private keys without a password (PKCS #8, or
 * OpenSSL's older forms of RSA and EC), public keys as SubjectPublicKeyInfo, and X.509
 * certificates.
 *
 * <p>Bouncy Castle reads the files, and the JDK's own providers make the keys of it, so that TLS
 * and signatures do not depend on where a key came from.
 *
 * <p>Whatever cannot be used is an {@link IllegalArgumentException} that names the file and the
 * remedy, and never repeats what the file holds.
 */
public final class PemFiles {

  /** More than any chain of certificates takes; a larger file is something else. */
  private static final int MOST_BYTES = 1 << 20;

  private static final Set<ASN1ObjectIdentifier> ALGORITHMS =
      Set.of(
          PKCSObjectIdentifiers.rsaEncryption,
          X9ObjectIdentifiers.id_ecPublicKey,
          EdECObjectIdentifiers.id_Ed25519);

  private static final String CONVERT = "convert it with openssl pkcs8 -topk8 -nocrypt";

  private PemFiles() {}

  /** The one private key in a file: RSA, EC or Ed25519. */
  public static PrivateKey privateKey(Path file) {
    List<PrivateKeyInfo> keys = new ArrayList<>();
    for (Object each : objects(file)) {
      if (each instanceof PrivateKeyInfo key) {
        keys.add(key);
      } else if (each instanceof PEMKeyPair pair) {
        keys.add(pair.getPrivateKeyInfo());
      } else if (each instanceof PKCS8EncryptedPrivateKeyInfo
          || each instanceof PEMEncryptedKeyPair) {
        throw refused(
            file, "has a private key with a password, accepted are keys without one; " + CONVERT);
      }
    }
    if (keys.size() != 1) {
      throw refused(file, "has %d private keys, accepted is exactly one".formatted(keys.size()));
    }
    try {
      if (ALGORITHMS.contains(keys.get(0).getPrivateKeyAlgorithm().getAlgorithm())) {
        return converter().getPrivateKey(keys.get(0));
      }
    } catch (PEMException | RuntimeException e) {
      throw refused(file, "has a private key that is damaged; write the file anew");
    }
    throw refused(file, "has a private key that is none of RSA, EC, Ed25519");
  }

  /** The Ed25519 public keys in a file, at least one, and nothing else. */
  public static List<PublicKey> ed25519PublicKeys(Path file) {
    List<PublicKey> keys = new ArrayList<>();
    for (Object each : objects(file)) {
      if (!(each instanceof SubjectPublicKeyInfo key)) {
        throw refused(file, "has a '%s', accepted are public keys".formatted(type(each)));
      }
      if (!key.getAlgorithm().getAlgorithm().equals(EdECObjectIdentifiers.id_Ed25519)) {
        throw refused(file, "has a public key that is not Ed25519");
      }
      try {
        keys.add(converter().getPublicKey(key));
      } catch (PEMException | RuntimeException e) {
        throw refused(file, "has a public key that is not Ed25519");
      }
    }
    if (keys.isEmpty()) {
      throw refused(file, "has no public key");
    }
    return List.copyOf(keys);
  }

  /** A certificate chain, the server's own first. */
  public static List<X509Certificate> certificates(Path file) {
    JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
    List<X509Certificate> chain = new ArrayList<>();
    for (Object each : objects(file)) {
      if (each instanceof X509CertificateHolder certificate) {
        try {
          chain.add(converter.getCertificate(certificate));
        } catch (CertificateException e) {
          throw refused(file, "is no chain of X.509 certificates in PEM");
        }
      }
    }
    if (chain.isEmpty()) {
      throw refused(file, "is no chain of X.509 certificates in PEM");
    }
    return List.copyOf(chain);
  }

  /** A block as it is written to a file. */
  public static String block(String type, byte[] bytes) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, bytes));
    } catch (IOException e) {
      throw new UncheckedIOException("nothing is written but memory", e);
    }
    return text.toString();
  }

  /** All that the file has, as Bouncy Castle reads it. */
  private static List<Object> objects(Path file) {
    String text = new String(read(file), StandardCharsets.US_ASCII);
    List<Object> objects = new ArrayList<>();
    try (PEMParser parser = new PEMParser(new StringReader(text))) {
      for (Object next = parser.readObject(); next != null; next = parser.readObject()) {
        objects.add(next);
      }
    } catch (IOException | RuntimeException e) {
      // Its message may quote the file.
      throw refused(
          file,
          "has a block that cannot be read as PEM; if it is a key of another form, " + CONVERT);
    }
    return objects;
  }

  /** Keys of the JDK. Its factory for elliptic curves has another name than Bouncy Castle's. */
  private static JcaPEMKeyConverter converter() {
    return new JcaPEMKeyConverter().setAlgorithmMapping(X9ObjectIdentifiers.id_ecPublicKey, "EC");
  }

  private static String type(Object object) {
    if (object instanceof X509CertificateHolder) {
      return PEMParser.TYPE_CERTIFICATE;
    }
    if (object instanceof PKCS8EncryptedPrivateKeyInfo) {
      return PEMParser.TYPE_ENCRYPTED_PRIVATE_KEY;
    }
    return object instanceof PrivateKeyInfo || object instanceof PEMKeyPair
        ? PEMParser.TYPE_PRIVATE_KEY
        : object.getClass().getSimpleName();
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
