package dev.weir.common.signing;

import dev.weir.common.adapter.Manifest;
import dev.weir.common.event.EventJson;
import dev.weir.common.security.PemFiles;
import dev.weir.common.store.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.util.Base64;
import java.util.List;

/** Signs artifacts with one Ed25519 key (RFC 8032). Thread-safe. */
public final class AdapterSigner {

  private final PrivateKey key;
  private final PublicKey publicKey;

  private AdapterSigner(EdECPrivateKey key) {
    this.key = key;
    this.publicKey = publicKey(key);
  }

  /**
   * A signer with the key in that file.
   *
   * @param file PEM, PKCS #8, see {@code weir keys signing}
   * @throws IllegalArgumentException if it holds no Ed25519 key
   */
  public static AdapterSigner of(Path file) {
    if (PemFiles.privateKey(file) instanceof EdECPrivateKey ed
        && ed.getParams().getName().equals(NamedParameterSpec.ED25519.getName())) {
      return new AdapterSigner(ed);
    }
    throw new IllegalArgumentException(
        "names '" + file + "', which is no Ed25519 key; make one with weir keys signing");
  }

  /** What those who trust this signer need. */
  PublicKey publicKey() {
    return publicKey;
  }

  /**
   * Writes the signature of a staged artifact beside its manifest.
   *
   * @param staged holds {@code manifest.json}, sealed
   */
  public void sign(Path staged) throws IOException {
    byte[] bytes = Files.readAllBytes(staged.resolve(Manifest.FILE));
    Manifest manifest = EventJson.read(bytes, Manifest.class);
    byte[] payload = EventJson.write(AdapterStatement.of(manifest, Digests.sha256(bytes)));
    byte[] signature = sign(DsseEnvelope.signedBytes(AdapterStatement.PAYLOAD_TYPE, payload));
    Base64.Encoder base64 = Base64.getEncoder();
    DsseEnvelope envelope =
        new DsseEnvelope(
            base64.encodeToString(payload),
            AdapterStatement.PAYLOAD_TYPE,
            List.of(
                new DsseEnvelope.Signature(
                    ArtifactTrust.keyId(publicKey), base64.encodeToString(signature))));
    Files.write(staged.resolve(Manifest.SIGNATURE), EventJson.write(envelope));
  }

  private byte[] sign(byte[] bytes) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(bytes);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  /**
   * The public half, which the JDK derives from 32 random bytes, and from nothing else: so it is
   * given the private half's for these.
   */
  private static PublicKey publicKey(EdECPrivateKey key) {
    byte[] seed =
        key.getBytes().orElseThrow(() -> new IllegalArgumentException("the key is not readable"));
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
      generator.initialize(NamedParameterSpec.ED25519, new Fixed(seed));
      return generator.generateKeyPair().getPublic();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  private static final class Fixed extends SecureRandom {

    private static final long serialVersionUID = 1L;

    private final byte[] bytes;

    Fixed(byte[] bytes) {
      this.bytes = bytes.clone();
    }

    @Override
    public void nextBytes(byte[] wanted) {
      System.arraycopy(bytes, 0, wanted, 0, wanted.length);
    }
  }
}
