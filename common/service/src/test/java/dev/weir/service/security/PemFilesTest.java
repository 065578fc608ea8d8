package dev.weir.service.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.testing.TestingCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.util.Base64;
import java.util.Random;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PemFilesTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"RSA, SHA256withRSA", "EC, SHA256withECDSA", "Ed25519, Ed25519"})
  void readsPrivateKeysOfEachAlgorithm(String algorithm, String signature) throws Exception {
    KeyPair pair = pair(algorithm);
    PrivateKey read = PemFiles.privateKey(pkcs8(pair));
    assertThat(read.getEncoded()).isEqualTo(pair.getPrivate().getEncoded());
    assertBelongs(read, pair.getPublic(), signature);
  }

  /** What openssl genrsa -traditional writes. */
  @Test
  void readsTheOlderFormOfRsa() throws Exception {
    KeyPair pair = pair("RSA");
    byte[] key =
        PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded())
            .parsePrivateKey()
            .toASN1Primitive()
            .getEncoded();
    PrivateKey read = PemFiles.privateKey(file(PemFiles.block("RSA PRIVATE KEY", key)));
    assertBelongs(read, pair.getPublic(), "SHA256withRSA");
  }

  /** What openssl ecparam -genkey writes: the curve twice, and a key that names it. */
  @Test
  void readsTheOlderFormOfEllipticCurves() throws Exception {
    KeyPair pair = pair("EC");
    byte[] key =
        new org.bouncycastle.asn1.sec.ECPrivateKey(
                256,
                ((ECPrivateKey) pair.getPrivate()).getS(),
                SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()).getPublicKeyData(),
                SECObjectIdentifiers.secp256r1)
            .getEncoded();
    String text =
        PemFiles.block("EC PARAMETERS", SECObjectIdentifiers.secp256r1.getEncoded())
            + PemFiles.block("EC PRIVATE KEY", key);
    assertBelongs(PemFiles.privateKey(file(text)), pair.getPublic(), "SHA256withECDSA");
  }

  @Test
  void linesBeforeAndBetweenBlocksAndEndsOfLinesMeanNothing() throws Exception {
    KeyPair pair = pair("Ed25519");
    String block = PemFiles.block("PRIVATE KEY", pair.getPrivate().getEncoded());
    Path file = file("Bag Attributes\r\n  friendlyName: x\r\n" + block.replace("\n", "\r\n"));
    assertThat(PemFiles.privateKey(file)).isEqualTo(pair.getPrivate());
  }

  @Test
  void readsAChainInItsOrderBesideAKey() throws Exception {
    TestingCertificate first = TestingCertificate.make(directory, "first", "EC");
    TestingCertificate second = TestingCertificate.make(directory, "second", "RSA");
    Path all =
        file(
            Files.readString(first.key())
                + Files.readString(first.certificate())
                + Files.readString(second.certificate()));
    assertThat(PemFiles.certificates(all)).containsExactly(first.x509(), second.x509());
    assertThat(PemFiles.privateKey(all).getAlgorithm()).isEqualTo("EC");
  }

  /** The remedy is one that openssl knows: its option is -nocrypt, it has no -nodes here. */
  @Test
  void aKeyWithAPasswordIsRefusedWithTheRemedy() throws Exception {
    byte[] encrypted = encrypted(pair("RSA").getPrivate());
    assertRemedy(file(PemFiles.block("ENCRYPTED PRIVATE KEY", encrypted)), "with a password");
    String older =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
            + "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
            + Base64.getMimeEncoder().encodeToString(new byte[64])
            + "\n-----END RSA PRIVATE KEY-----\n";
    assertRemedy(file(older), "with a password");
    assertRemedy(file(PemFiles.block("OPENSSH PRIVATE KEY", new byte[40])), "cannot be read");
    assertRemedy(file(PemFiles.block("EC PRIVATE KEY", new byte[] {1, 2, 3})), "cannot be read");
  }

  private static void assertRemedy(Path file, String said) {
    assertThatThrownBy(() -> PemFiles.privateKey(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(said, "openssl pkcs8 -topk8 -nocrypt", file.toString())
        .hasMessageNotContaining("-nodes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"DSA", "X25519", "Ed448"})
  void keysThatNothingHereUsesAreRefused(String algorithm) throws Exception {
    Path file = pkcs8(pair(algorithm));
    assertThatThrownBy(() -> PemFiles.privateKey(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("none of RSA, EC, Ed25519");
  }

  @Test
  void exactlyOnePrivateKeyIsAccepted() throws Exception {
    String two = Files.readString(pkcs8(pair("EC"))) + Files.readString(pkcs8(pair("EC")));
    assertThatThrownBy(() -> PemFiles.privateKey(file(two))).hasMessageContaining("has 2 private");
    assertThatThrownBy(() -> PemFiles.privateKey(file(""))).hasMessageContaining("has 0 private");
    assertThatThrownBy(() -> PemFiles.privateKey(directory.resolve("none")))
        .hasMessageContaining("cannot be read");
    assertThatThrownBy(() -> PemFiles.privateKey(file("-".repeat((1 << 20) + 1))))
        .hasMessageContaining("larger than 1 MiB");
  }

  @Test
  void signaturesAreMadeWithEd25519Only() throws Exception {
    KeyPair ours = pair("Ed25519");
    String good = PemFiles.block("PUBLIC KEY", ours.getPublic().getEncoded());
    assertThat(PemFiles.ed25519PublicKeys(file(good + good)))
        .containsExactly(ours.getPublic(), ours.getPublic());
    for (String other : new String[] {"RSA", "EC", "X25519", "Ed448"}) {
      String bad = PemFiles.block("PUBLIC KEY", pair(other).getPublic().getEncoded());
      assertThatThrownBy(() -> PemFiles.ed25519PublicKeys(file(good + bad)))
          .as(other)
          .hasMessageContaining("not Ed25519");
    }
    assertThatThrownBy(() -> PemFiles.ed25519PublicKeys(file("")))
        .hasMessageContaining("no public key");
  }

  /** Whatever the bytes are: a key, or a refusal that does not repeat them. */
  @Test
  void damagedFilesAreRefusedWithoutShowingWhatTheyHold() throws Exception {
    byte[] good = Files.readAllBytes(pkcs8(pair("EC")));
    String secret =
        new String(good, StandardCharsets.US_ASCII).lines().skip(1).findFirst().orElse("");
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 500; i++) {
      byte[] bad = good.clone();
      for (int changes = random.nextInt(3); changes >= 0; changes--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      Path file = Files.write(directory.resolve("damaged.pem"), bad);
      try {
        assertThat(PemFiles.privateKey(file).getAlgorithm()).isEqualTo("EC");
      } catch (IllegalArgumentException e) {
        refused++;
        assertThat(e.getMessage()).contains("damaged.pem").doesNotContain(secret.substring(0, 8));
        assertThat(e.getCause()).isNull();
      }
    }
    assertThat(refused).isGreaterThan(100);
  }

  private Path pkcs8(KeyPair pair) throws IOException {
    return file(PemFiles.block("PRIVATE KEY", pair.getPrivate().getEncoded()));
  }

  private Path file(String text) throws IOException {
    return Files.writeString(Files.createTempFile(directory, "file", ".pem"), text);
  }

  private static KeyPair pair(String algorithm) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    if (algorithm.equals("EC")) {
      generator.initialize(256);
    }
    return generator.generateKeyPair();
  }

  private static byte[] encrypted(PrivateKey key) throws GeneralSecurityException, IOException {
    String algorithm = "PBEWithSHA1AndDESede";
    Cipher cipher = Cipher.getInstance(algorithm);
    cipher.init(
        Cipher.ENCRYPT_MODE,
        SecretKeyFactory.getInstance(algorithm)
            .generateSecret(new PBEKeySpec("password".toCharArray())));
    return new EncryptedPrivateKeyInfo(cipher.getParameters(), cipher.doFinal(key.getEncoded()))
        .getEncoded();
  }

  private static void assertBelongs(PrivateKey key, PublicKey to, String algorithm)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    signature.update(new byte[] {1, 2, 3});
    byte[] signed = signature.sign();
    signature.initVerify(to);
    signature.update(new byte[] {1, 2, 3});
    assertThat(signature.verify(signed)).isTrue();
  }
}
