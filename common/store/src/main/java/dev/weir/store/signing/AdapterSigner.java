package dev.weir.store.signing;

import dev.weir.contract.event.EventJson;
import dev.weir.contract.fault.Digests;
import dev.weir.contract.release.Manifest;
import dev.weir.service.security.PemFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;

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

  /** The signature of any bytes. */
  byte[] sign(byte[] bytes) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(bytes);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }

  private static PublicKey publicKey(EdECPrivateKey key) {
    byte[] seed =
        key.getBytes().orElseThrow(() -> new IllegalArgumentException("the key is not readable"));
    try {
      byte[] encoded =
          SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(
                  new Ed25519PrivateKeyParameters(seed).generatePublicKey())
              .getEncoded();
      return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("every JDK since 15 has Ed25519", e);
    }
  }
}
